/**
 * A reconstruction network is fitted to a user's own undersampled scan, without a reference.
 *
 * SSDU: B. Yaman et al., "Self-supervised learning of physics-guided reconstruction neural networks without
 * fully sampled reference data", Magn Reson Med 84:3172, 2020: the acquired lines are split; the network is
 * given one part, and its image must predict the other. With the validation of B. Yaman, S. Hosseini,
 * M. Akcakaya, "Zero-shot self-supervised learning for MRI reconstruction", ICLR 2022:
 * ```
 * lines = calibration + training + stop + verdict
 * for each step: judged = a part of training, given = the others with the calibration lines
 *   theta = Adam(theta, gradient of the loss of judged)
 * keep the theta that predicts `stop` best; it is taken if it predicts `verdict` better than before
 * ```
 * Published: 40 % of the lines judged, drawn with a normal density about the centre, one split for a scan (2020) or
 * 25 (2022), 100 epochs. Here each step draws its own split uniformly outside the calibration lines,
 * steps are few, since the network is trained already, and a second set of lines gives the verdict, so
 * that the choice of the stop does not flatter it.
 * @module
 */
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { Problem, SamplingGeometry } from "../method/problem.ts";
import { heldBack, type PairedGain, pairedGain } from "../mri/sampling/hold_back.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { type NdArray, ndarray, scalar } from "../ndarray.ts";
import { flatten, type Parameters, unflatten } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  type AdaptBatch,
  type AdaptedNetwork,
  adaptObjective,
  compileLineErrors,
} from "./adapt_objective.ts";
import type { Batch } from "./batch_source.ts";
import { compileTrainer, initialState } from "./trainer.ts";

/** The slices of a scan, all with one sampling. */
export interface AdaptScan {
  readonly geometry: SamplingGeometry;
  readonly problems: readonly Problem[];
}

/** How a network is adapted. */
export interface AdaptOptions {
  /** Training steps, one slice each. */
  readonly steps: number;
  /** Peak learning rate. */
  readonly rate: number;
  /** Seed of the splits. */
  readonly seed: number;
  /** Steps between two looks at the lines that choose the stop. */
  readonly every: number;
  readonly onProgress?: (event: AdaptProgress) => void;
  readonly signal?: AbortSignal;
}

/** Where the work stands. */
export interface AdaptProgress {
  readonly step: number;
  /** Loss of the step. */
  readonly loss?: number;
  /** Relative error on the lines that choose the stop, at a look. */
  readonly stop?: number;
}

/** What came of it. */
export interface Adaptation extends PairedGain {
  /** Whether the new weights predict the verdict's lines better than the old ones, by more than chance. */
  readonly helped: boolean;
  /** The weights at the best stop. */
  readonly weights: Parameters;
  /** Step of the best stop; 0 are the weights before. */
  readonly step: number;
  /** Lines of the verdict, in all slices. */
  readonly lines: number;
  /** Relative error (root of the energy of the residual over that of the samples) on them. */
  readonly before: number;
  readonly after: number;
}

/** Part of the lines outside the calibration region for stop and verdict together. */
const HELD = 0.2;
/** Part of the training lines that a step is judged by (Yaman et al. 2020). */
const JUDGED = 0.4;

/**
 * Adapts a network to a scan.
 * @throws {InputError} for samples that are not whole lines, or too few of them
 */
export async function adaptNetwork(
  runtime: Runtime,
  network: AdaptedNetwork,
  { geometry: { coils, mask }, problems }: AdaptScan,
  { steps, rate, seed, every, onProgress, signal }: AdaptOptions,
): Promise<Adaptation> {
  const rng = new Rng(seed);
  const slices = problems.map(({ y, inputs: { maps }, sigma }, i) => ({
    data: { y, maps, sigma: scalar(sigma) },
    lines: splitLines(mask, rng.split(0, i)),
  }));
  const trainer = await compileTrainer(runtime, adaptObjective(network, coils, mask));
  const program = await compileLineErrors(runtime, network, coils, mask);
  const errorsOn = async (set: "stop" | "verdict", weights: Float32Array): Promise<Line[]> => {
    const found: Line[] = [];
    for (const { data, lines } of slices) {
      const given = lineVector(mask, lines.training.concat(lines.calibration));
      const out = await program.run({
        ...{ ...data, given, judged: lineVector(mask, lines[set]) },
        weights: ndarray(weights, [weights.length]),
      });
      for (const line of lines[set]) {
        found.push({ error: out.errors.data[line], energy: out.energies.data[line] });
      }
    }
    return found;
  };
  const first = flatten(network.specs, network.weights);
  let best = { weights: first, step: 0, error: relative(await errorsOn("stop", first)) };
  onProgress?.({ step: 0, stop: best.error });
  let state = initialState(first);
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    const draw = rng.split(1, step);
    const { data, lines } = slices[draw.integer(slices.length)];
    const order = [...draw.permutation(lines.training.length)].map((i) => lines.training[i]);
    const count = Math.max(1, Math.round(JUDGED * order.length));
    const batch: Batch<AdaptBatch> = {
      ...data,
      judged: lineVector(mask, order.slice(0, count)),
      given: lineVector(mask, order.slice(count).concat(lines.calibration)),
    };
    const done = await trainer.step(state, batch, rate * (1 - (step - 1) / steps));
    state = done.state;
    const look = step % every === 0 || step === steps;
    const stop = look ? relative(await errorsOn("stop", state.average)) : undefined;
    if (stop !== undefined && stop < best.error) {
      best = { weights: state.average, step, error: stop };
    }
    onProgress?.({ step, loss: done.report.loss, stop });
  }
  const [before, after] = [
    await errorsOn("verdict", first),
    await errorsOn("verdict", best.weights),
  ];
  const errors = (lines: readonly Line[]) => lines.map(({ error }) => error);
  const { gain, gainError } = pairedGain(errors(before), errors(after));
  return {
    helped: best.step > 0 && gain > gainError,
    weights: unflatten(network.specs, best.weights),
    step: best.step,
    lines: before.length,
    ...{ before: relative(before), after: relative(after), gain, gainError },
  };
}

/** Energies of the residual and of the samples of a line. */
interface Line {
  readonly error: number;
  readonly energy: number;
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function relative(lines: readonly Line[]): number {
  const energy = total(lines.map((line) => line.energy));
  return Math.sqrt(total(lines.map((line) => line.error)) / energy);
}

/** The lines of a slice by what they are for; numbers of lines of k-space. */
function splitLines(mask: SamplingMask, rng: Rng) {
  if (!mask.isLines) {
    throw new InputError(
      "Cannot adapt to this scan: samples of whole lines are required, found points of a plane",
    );
  }
  const { data } = heldBack(mask, HELD, rng);
  const held = mask.lines.filter((_, row) => data[row] === 1);
  const outside = mask.lines.filter((line, row) => data[row] === 0 && !mask.inCalibration(line, 0));
  if (held.length < 2 || outside.length < 2) {
    throw new InputError(
      "Cannot adapt to this scan: at least 10 lines outside the calibration region are required, " +
        `found ${held.length + outside.length}`,
    );
  }
  const order = [...rng.split(1).permutation(held.length)].map((i) => held[i]);
  return {
    calibration: mask.lines.filter((line) => mask.inCalibration(line, 0)),
    training: outside,
    stop: order.slice(0, held.length >> 1),
    verdict: order.slice(held.length >> 1),
  };
}

/** 1 for lines of a list, 0 for others, `[H, 1]`. */
function lineVector(mask: SamplingMask, lines: readonly number[]): NdArray {
  const data = new Float32Array(mask.height);
  for (const line of lines) data[line] = 1;
  return ndarray(data, [mask.height, 1]);
}
