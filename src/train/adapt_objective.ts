/** What a reconstruction network is fitted to on a scan without a reference: lines that it was not given. @module */
import {
  add,
  div,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  type Shape,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { squaredMagnitude } from "../mri/physics/complex.ts";
import { maskedOperator, onAllLines } from "../mri/physics/operator.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { SCALAR } from "../ndarray.ts";
import {
  countParameters,
  flatScope,
  modelPath,
  type Parameters,
  type ParameterSpec,
  readModelFolder,
  type Scope,
} from "../nn/mod.ts";
import { InputError } from "../errors.ts";
import {
  constantVarNetMask,
  type GivenScan,
  hasOwnMaps,
  isRefining,
  leastSquaresOf,
  loadModl,
  loadUNet,
  loadVarNet,
  modl,
  modlSpecs,
  type NoisyLeastSquares,
  realMaps,
  refiningUNet,
  solvedVarnet,
  unetSpecs,
  varnet,
  varnetSpecs,
  zeroFilledUNet,
} from "../unrolled/mod.ts";
import type { Objective } from "./trainer.ts";

/** The kinds of model that can be adapted. */
export const ADAPTABLE = ["modl", "varnet", "unet"] as const;
/** Kind of a model that can be adapted. */
export type Adaptable = typeof ADAPTABLE[number];

/** A slice, and which of its lines the network is given and which it is judged by. */
export type AdaptBatch = "y" | "maps" | "sigma" | "given" | "judged";

/** What a network is given: hybrid (ky, x) space with zeros, `[1, C, 2, H, W]`. */
interface GivenLines {
  readonly kspace: Tensor;
  /** 1 for the lines that are given, `[H, 1]`. */
  readonly given: Tensor;
  readonly maps: Tensor;
  readonly sigma: Tensor;
}

/** A complex image and the coil maps that make coil images of it. */
interface Seen {
  readonly image: Tensor;
  readonly maps: Tensor;
}

/** A network that is adapted. */
export interface AdaptedNetwork {
  readonly kind: Adaptable;
  readonly specs: readonly ParameterSpec[];
  readonly weights: Parameters;
  /** Its sizes, as model.yaml has them. */
  readonly architecture?: unknown;
  /** Its complex image for a mask, whose calibration lines are always given. */
  image(scope: Scope, lines: GivenLines, mask: SamplingMask): Seen;
}

/**
 * Opens a model that can be adapted.
 * @throws {InputError} when it cannot be read or is of another kind
 */
export async function adaptedNetwork(model: string): Promise<AdaptedNetwork> {
  const path = await modelPath(model);
  const { description: { kind, content } } = await readModelFolder(path);
  const { architecture } = content;
  if (kind === "modl") {
    const { config, parameters: weights } = await loadModl(path);
    return {
      ...{ kind, architecture, weights, specs: modlSpecs(config) },
      image(scope, { kspace, given, maps, sigma }) {
        const operator = maskedOperator(maps, given);
        const data = { operator, adjoint: operator.adjoint(kspace), sigma };
        return { image: modl(scope, data, config).image, maps };
      },
    };
  }
  if (kind === "varnet") {
    const { config, parameters: weights } = await loadVarNet(path);
    return {
      ...{ kind, architecture, weights, specs: varnetSpecs(config) },
      image(scope, { kspace, given, ...rest }, mask) {
        const lines = { ...constantVarNetMask(mask), acquired: given };
        if (hasOwnMaps(config)) return varnet(scope, kspace, lines, config);
        return inRealMaps(
          { kspace, mask: lines, ...rest },
          (data) => solvedVarnet(scope, data, config).image,
        );
      },
    };
  }
  if (kind === "unet") {
    const { config, parameters: weights } = await loadUNet(path);
    return {
      ...{ kind, architecture, weights, specs: unetSpecs(config) },
      image(scope, { kspace, given, maps, sigma }, mask) {
        const scan = {
          kspace,
          mask: { ...constantVarNetMask(mask), acquired: given },
          maps,
          sigma,
        };
        if (isRefining(config)) {
          return inRealMaps(scan, (data) => refiningUNet(scope, data, config));
        }
        const magnitude = zeroFilledUNet(scope, scan, config);
        return { image: mul(magnitude, phase(maskedOperator(maps, given).adjoint(kspace))), maps };
      },
    };
  }
  throw new InputError(
    `Cannot adapt ${model}: a model of kind ${ADAPTABLE.join(", ")} is required, found ${kind}`,
  );
}

/** The image of a network that solves for it, and the maps that belong to it. */
function inRealMaps(scan: GivenScan, image: (data: NoisyLeastSquares) => Tensor): Seen {
  const maps = realMaps(scan);
  return { image: image(leastSquaresOf({ ...scan, maps })), maps };
}

/** Keeps roots and quotients finite. */
const TINY = 1e-12;

/** x divided by its magnitude. */
const phase = (x: Tensor): Tensor => div(x, sqrt(add(squaredMagnitude(x), TINY)));

/** Shapes of a slice. */
export function adaptShapes(coils: number, mask: SamplingMask): Record<AdaptBatch, Shape> {
  const { height, width } = mask;
  return {
    y: mask.yShape(coils),
    maps: [1, coils, 2, height, width],
    sigma: SCALAR,
    given: [height, 1],
    judged: [height, 1],
  };
}

/** The residual of the lines that the network is judged by, and the samples there. */
function judgedResidual(
  network: AdaptedNetwork,
  scope: Scope,
  { y, maps, sigma, given, judged }: Record<AdaptBatch, Tensor>,
  mask: SamplingMask,
) {
  const all = onAllLines(y, mask);
  const seen = network.image(scope, { kspace: mul(all, given), given, maps, sigma }, mask);
  const samples = mul(all, judged);
  return { residual: sub(maskedOperator(seen.maps, judged).forward(seen.image), samples), samples };
}

/**
 * The loss of SSDU: |r|_2 / |y|_2 + |r|_1 / |y|_1 over the lines that were not given (Yaman et al. 2020, eq. 9).
 */
export function adaptObjective(
  network: AdaptedNetwork,
  coils: number,
  mask: SamplingMask,
): Objective<AdaptBatch> {
  const sum = (x: Tensor) => reduceSum(x);
  return {
    specs: network.specs,
    inputs: adaptShapes(coils, mask),
    loss(scope, batch) {
      const { residual, samples } = judgedResidual(network, scope, batch, mask);
      const [r, y] = [residual, samples].map(squaredMagnitude);
      const two = sqrt(div(add(sum(r), TINY), add(sum(y), TINY)));
      const one = div(sum(sqrt(add(r, TINY))), sum(sqrt(add(y, TINY))));
      return add(two, one);
    },
  };
}

/**
 * Compiles the error on lines that were not given.
 * @returns energies `[H]` of the residual and of the samples in each judged line
 */
export async function compileLineErrors(
  runtime: Runtime,
  network: AdaptedNetwork,
  coils: number,
  mask: SamplingMask,
) {
  const shapes = { ...adaptShapes(coils, mask), weights: [countParameters(network.specs)] };
  return await runtime.build<AdaptBatch | "weights", "errors" | "energies">(shapes, (tensors) => {
    const scope = flatScope(network.specs, tensors.weights);
    const { residual, samples } = judgedResidual(network, scope, tensors, mask);
    const ofLines = (x: Tensor) => reshape(reduceSum(mul(x, x), [0, 1, 2, 4]), [mask.height]);
    return { errors: ofLines(residual), energies: ofLines(samples) };
  });
}
