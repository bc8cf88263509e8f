/** Values by key that are made once. @module */

/** The value of a key, made when it is first asked for. */
export function once<K, V>(made: Map<K, V>, key: K, make: () => V): V {
  if (!made.has(key)) made.set(key, make());
  return made.get(key)!;
}
