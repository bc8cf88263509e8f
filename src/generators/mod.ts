/** Methods whose image is the output of a network that is searched on the scan. @module */
import type { Method } from "../method/problem.ts";
import type { GeneratorMethod } from "./core/contract.ts";
import { csgm, dgp } from "./csgm.ts";
import { convDecoderMethod, dip } from "./deep_image_prior.ts";

export type { CompiledSearch, GeneratorMethod } from "./core/contract.ts";
export { loadGenerator } from "./networks/generator.ts";
export { convDecoderMethod, csgm, dgp, dip };

/** All of them, for pictures. */
export const generatorMethods: readonly GeneratorMethod[] = [dip, convDecoderMethod, csgm, dgp];

/** Those that reconstruct scans: the trained generator makes no phase. */
export const untrainedMethods: readonly Method[] = [dip.method, convDecoderMethod.method];
