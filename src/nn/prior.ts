/** A prior in any of the ways that it can be given. @module */
import { InputError } from "../errors.ts";
import { expand, importOnnx, reshape } from "../graph/mod.ts";
import type { Denoiser } from "./denoiser.ts";
import { loadDenoiser } from "./model_folder.ts";
import { modelPath, type ModelReference, modelReference } from "./model_path.ts";

/**
 * A model: a name in `models/`, a folder or an ONNX file with model.yaml beside it; a denoiser; or the
 * bytes of an ONNX file.
 */
export type ModelChoice = string | Denoiser | Uint8Array;

/** A prior, and what is known of it. */
export interface Prior {
  /** The denoiser. */
  readonly denoise: Denoiser;
  /** Standard deviation of the images' real and imaginary parts, where model.yaml says it. */
  readonly sigmaData?: number;
  /** Which model it is, where it has a folder. */
  readonly model?: ModelReference;
}

/**
 * Opens a prior. The bytes of an ONNX file must hold a denoiser in variance-exploding coordinates: two
 * inputs, the noisy image `[N, 2, H, W]` and sigma (`[N]` or `[N, 1, 1, 1]`), and one output, the clean
 * image. A network of another kind needs a folder with model.yaml, or `importOnnx` and one of
 * `edmDenoiser`, `epsilonDenoiser`, ... in a denoiser.
 *
 * @throws {InputError} when a file cannot be read or holds no denoiser
 */
export async function openPrior(choice: ModelChoice): Promise<Prior> {
  if (typeof choice === "function") return { denoise: choice };
  if (typeof choice !== "string") return { denoise: onnxDenoiser(choice) };
  const { description, denoise } = await loadDenoiser(await modelPath(choice));
  const { parameterisation, sigmaData } = description;
  return {
    denoise,
    sigmaData: parameterisation === "edm" ? sigmaData : undefined,
    model: modelReference(description),
  };
}

/** The denoiser that an ONNX file holds. */
function onnxDenoiser(bytes: Uint8Array): Denoiser {
  const model = importOnnx(bytes);
  const [image, sigma] = model.inputs;
  if (model.inputs.length !== 2 || model.outputs.length !== 1 || image.shape?.length !== 4) {
    const found = `${model.inputs.map(({ name }) => name)} -> ${
      model.outputs.map(({ name }) => name)
    }`;
    throw new InputError(
      "Cannot use the ONNX model as a denoiser: inputs (image [N, 2, H, W], sigma) and one output " +
        `are required, found ${found}`,
      { hint: "Give a folder with model.yaml for a network of another kind (docs/models.md)" },
    );
  }
  return (x, level) => {
    const [batch] = x.shape;
    const each = expand(level, [batch, 1, 1, 1]);
    const noise = sigma.shape?.length === 1 ? reshape(each, [batch]) : each;
    return model.apply({ [image.name]: x, [sigma.name]: noise })[model.outputs[0].name];
  };
}
