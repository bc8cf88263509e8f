/** Elements of the page. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The element with an id; the page has it. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** The input or list with an id. */
export const field = (id: string): HTMLInputElement => element<HTMLInputElement>(id);

/** A new element with texts or elements in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content: readonly (string | Node)[] = [],
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

/** An entry of a list. */
export const choice = (value: string, text: string): HTMLOptionElement =>
  make("option", [text], { value });

/** Entries of a list under a title. */
export const choices = (title: string, entries: readonly HTMLOptionElement[]) =>
  make("optgroup", entries, { label: title });

/** The number in a field; undefined where it is empty. */
export function numberIn(id: string): number | undefined {
  const { value } = field(id);
  return value === "" ? undefined : Number(value);
}

/** Shows or hides an element. */
export const show = (id: string, visible: boolean): void => {
  element(id).hidden = !visible;
};

/** Hands bytes to the browser as a download. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  make("a", [], { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
