/** Classical reconstruction: no network, no training. @module */
import type { Method } from "../method/problem.ts";
import { nlinv } from "./nlinv.ts";
import { sense } from "./sense.ts";
import { tv } from "./tv.ts";
import { wavelet } from "./wavelet.ts";
import { rss, zeroFilled } from "./zero_filled.ts";

export { nlinv, rss, sense, tv, wavelet, zeroFilled };

/** All classical methods, the cheapest first. */
export const classicalMethods: readonly Method[] = [zeroFilled, rss, sense, tv, wavelet, nlinv];
