/**
 * The sign of the exponent by which a scanner encodes: k-space is the sum of m(r) exp(s 2 pi i k r).
 * With s = -1 the image is the inverse DFT of k-space, as most software has it. Siemens' raw data
 * lie along the directions of their headers with s = +1, where the image is the forward DFT.
 * @module
 */
import type { MrdHeader } from "./xml_header.ts";

/** The sign of the exponent, from object to k-space. */
export type FourierSign = "+" | "-";

/** A sign that is asked for; `auto`: by the vendor that the header names. */
export type FourierSignRequest = FourierSign | "auto";

/** All of them. */
export const FOURIER_SIGNS = ["+", "-", "auto"] as const satisfies readonly FourierSignRequest[];

/** The sign that was taken. */
export interface TakenSign {
  /** The sign of the exponent, from object to k-space. */
  readonly sign: FourierSign;
  /** What it follows from, such as `vendor SIEMENS`. */
  readonly from: string;
}

/** Vendors whose raw data have the sign +. */
const POSITIVE = /siemens/i;

/** The sign of a measurement. */
export function fourierSign(
  { system: { vendor } }: Pick<MrdHeader, "system">,
  asked: FourierSignRequest = "auto",
): TakenSign {
  if (asked !== "auto") return { sign: asked, from: "option" };
  if (vendor === undefined) return { sign: "-", from: "no vendor" };
  return { sign: POSITIVE.test(vendor) ? "+" : "-", from: `vendor ${vendor}` };
}
