/** The denoiser's network with its preconditioning, on weights that come from a scope. @module */
import { input } from "../graph/mod.ts";
import { type Denoiser, edmDenoiser } from "./denoiser.ts";
import { type ParameterSpec, parameterSpecs, type Scope } from "./parameters.ts";
import { residualUNet, type ResidualUNetConfig } from "./residual_unet.ts";

/** Parameters of the denoiser's network. */
export function denoiserSpecs(config: ResidualUNetConfig): ParameterSpec[] {
  const side = 2 ** config.widths.length;
  return parameterSpecs((scope) =>
    residualUNet(
      scope,
      input("x", [1, config.channels, side, side]),
      input("c", [1, 1, 1, 1]),
      config,
    )
  );
}

/** The denoiser whose weights come from a scope; sizes must fit the network. */
export function scopedDenoiser(
  scope: Scope,
  config: ResidualUNetConfig,
  sigmaData: number,
): Denoiser {
  return edmDenoiser((x, noise) => residualUNet(scope, x, noise, config), sigmaData);
}
