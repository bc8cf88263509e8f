/** Restorers: networks that are told how far an image is degraded, and give the clean one. @module */
import { InputError } from "../errors.ts";
import { add, mul } from "../graph/mod.ts";
import { type Denoiser, setwise } from "./denoiser.ts";
import { checkedParameters, readWeights } from "./model_folder.ts";
import { modelPath, type ModelReference } from "./model_path.ts";
import { paddedDenoiser } from "./padding.ts";
import { constantScope } from "./parameters.ts";
import {
  denoiserSpecs,
  residualUNet,
  type ResidualUNetConfig,
  sizeMultiple,
} from "./residual_unet.ts";
import { YamlReader } from "./yaml_reader.ts";

/** What a restorer undoes, as model.yaml names it. */
export const DEGRADATIONS = ["undersampling", "gaussian-blur"] as const;
/** What a restorer undoes. */
export type RestorerDegradation = typeof DEGRADATIONS[number];

/** A restorer that is ready to be inlined into graphs. */
export interface Restorer {
  /**
   * The clean image from a degraded one and its severity, `(x [N, 2 S, H, W], t [N or 1, 1, 1, 1])`.
   * Of undersampling t is the share of samples that is missing.
   */
  readonly restore: Denoiser;
  /** Standard deviation in pixels of the Gaussian at severity 1; it grows in proportion to t. */
  readonly width: number;
  /** Standard deviation of the noise at severity 1, on a scale where bright tissue is 1; likewise. */
  readonly noise: number;
  /** Which model it is. */
  readonly model: ModelReference;
}

/**
 * Loads a restorer, `x + s F(x / s, t)` with the network F of the denoiser and s the standard deviation
 * of images.
 * @param choice a name in `models/`, or a folder
 * @param wanted what it must undo. Default: anything
 * @throws {InputError} when the folder holds none, or one of something else
 */
export async function loadRestorer(
  choice: string,
  wanted?: RestorerDegradation,
): Promise<Restorer> {
  const path = await modelPath(choice);
  const { tensors, description, model, file } = await readWeights(path, "restorer");
  const reader = new YamlReader(description.content, `${path}/model.yaml`);
  const [architecture, degradation] = ["architecture", "degradation"].map((key) => reader.at(key));
  const found = degradation.oneOf("kind", DEGRADATIONS);
  if (wanted !== undefined && found !== wanted) {
    throw new InputError(
      `Cannot use the model ${choice}: a restorer of ${wanted} is required, found ${found}`,
    );
  }
  const config: ResidualUNetConfig = {
    channels: 2,
    widths: architecture.counts("widths"),
    blocks: architecture.counts("blocks"),
    embedding: architecture.count("embedding"),
  };
  const scope = constantScope(checkedParameters(denoiserSpecs(config), tensors, file));
  const scale = architecture.positive("sigmaData");
  const restore: Denoiser = (x, severity) =>
    add(x, mul(residualUNet(scope, mul(x, 1 / scale), severity, config), scale));
  const multiple = sizeMultiple(config);
  return {
    restore: setwise(paddedDenoiser(restore, { multiple, minimum: 2 * multiple }, "reflect")),
    width: degradation.positive("width", 1),
    noise: degradation.positive("noise", 1),
    model,
  };
}
