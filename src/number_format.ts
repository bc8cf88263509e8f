/** Numbers as text for a reader. @module */

/** The text of an unknown value. */
const NOTHING = "–";

/** Fixed digits after the point; a dash for null. */
export function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(digits);
}

/** About three digits, without an exponent where that is readable. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** Bytes as MB or GB. */
export function memory(bytes: number | null): string {
  if (bytes === null) return NOTHING;
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** With its sign, minus as the typographic one. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
}
