/** Finding elements. @module */
/// <reference lib="dom" />

/** The element of an id; the page always holds it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Cannot find #${id} in the page`);
  return element as T;
}

export function all<T extends Element = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

export function onClick(id: string, action: () => void): void {
  byId(id).addEventListener("click", action);
}
