/**
 * The values that the readers of this folder give and its writers take. They live at the top of
 * `src/`, as `mri`, which knows no files, takes them too.
 * @module
 */
export * from "../../mrd/values.ts";
export * from "../../mrd/xml_header.ts";
