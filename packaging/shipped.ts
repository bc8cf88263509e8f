/** Which packages of the import map the program does without. @module */

/** What only the page in the browser imports. */
const PAGE_ONLY = ["@niivue/niivue", "@noble/hashes", "@types/pako", "onnxruntime-web", "pako"];

/** Packages of the page, of the tests and of what builds the documentation. */
export const NOT_SHIPPED: readonly string[] = [
  ...PAGE_ONLY,
  ...["fast-check", "ajv", "marked", "ts-json-schema-generator", "typescript"],
];
