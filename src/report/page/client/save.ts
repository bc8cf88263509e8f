/** Files for the reader, made in the page. @module */
/// <reference lib="dom" />

/** Milliseconds until the browser has surely begun to read a file. */
const RELEASE_MS = 60_000;

/** Hands a file to the browser as a download. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_MS);
}

/** Words as the name of a file. */
export function fileName(words: string): string {
  return words.toLowerCase().replace(/[^a-z0-9.]+/g, "-").replace(/^-|-$/g, "");
}
