/** Unrolled networks and the U-Net baseline. @module */
export * from "./fastmri_weights.ts";
export * from "./norm_unet.ts";
export * from "./training.ts";
export * from "./unet.ts";
export * from "./unet_method.ts";
export * from "./varnet.ts";
export * from "./varnet_method.ts";
