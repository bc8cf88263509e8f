/** Numbers that users write. @module */

/** Decimal notation: no hexadecimal, no words, no separators of thousands. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Squares of smaller ones are 0 in float32, squares of larger ones infinite. */
const SMALLEST = 1e-18, LARGEST = 1e18;

/** Whether a text is a number in decimal notation, spaces around it left out. */
export const isDecimal = (text: string): boolean => DECIMAL.test(text.trim());

/**
 * The number that a text says in decimal notation, spaces around it left out.
 * @returns NaN for any other text, and for numbers too small (but 0) or too large to compute with
 */
export function decimal(text: string): number {
  const value = isDecimal(text) ? Number(text) : NaN;
  if (value === 0) return isZero(text) ? 0 : NaN;
  return Math.abs(value) >= SMALLEST && Math.abs(value) <= LARGEST ? value : NaN;
}

/** Whether the text is a zero, and not a number so small that it reads as one. */
const isZero = (text: string) => !/[1-9]/.test(text.replace(/e.*/i, ""));
