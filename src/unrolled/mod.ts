/** Unrolled networks and the U-Net baseline. @module */
import type { Method } from "../method/problem.ts";
import { humusMethod } from "./humus_method.ts";
import { modlMethod } from "./modl_method.ts";
import { neumannMethod } from "./neumann_method.ts";
import { swinirMethod } from "./swinir_method.ts";
import { unetMethod } from "./unet_method.ts";
import { varnetMethod } from "./varnet_method.ts";

export * from "./fastmri_weights.ts";
export * from "./networks/humus.ts";
export * from "./networks/least_squares.ts";
export * from "./networks/humus_block.ts";
export * from "./humus_method.ts";
export * from "./humus_weights.ts";
export * from "./networks/modl.ts";
export * from "./modl_method.ts";
export * from "./networks/neumann.ts";
export * from "./neumann_method.ts";
export * from "./swinir_method.ts";
export * from "./weight_formats.ts";
export * from "./networks/unet.ts";
export * from "./networks/unet_refining.ts";
export * from "./unet_method.ts";
export * from "./networks/varnet.ts";
export * from "./networks/varnet_mask.ts";
export * from "./networks/varnet_solved.ts";
export * from "./varnet_method.ts";

/** The end-to-end methods, the baseline first. */
export const unrolledMethods: readonly Method[] = [
  unetMethod,
  varnetMethod,
  humusMethod,
  modlMethod,
  neumannMethod,
  swinirMethod,
];
