/** Cold diffusion. @module */
import { add, mul, type Runtime } from "../graph/mod.ts";
import { compileLoop, inputsOf, runLoop } from "../method/loop.ts";
import { methodModelPath } from "../method/method_model.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../method/problem.ts";
import { dft2, dftH } from "../mri/physics/dft.ts";
import { coilSets } from "../mri/physics/operator.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { type NdArray, ndarray, partOf, scalar } from "../ndarray.ts";
import { type Denoiser, loadRestorer } from "../nn/mod.ts";

/** Steps in which what is missing comes back. */
const STEPS = 8;

const ABOUT = {
  name: "cold",
  summary: "cold diffusion: lines that are missing come back a few at a time, from the centre",
  citation: "Bansal et al., Cold diffusion: inverting arbitrary image transforms without noise, " +
    "NeurIPS 2023",
  defaultModel: "cold-brain",
};

/**
 * Cold diffusion with undersampling as the degradation: D_t keeps the samples of k-space that are known
 * at severity t, the share that is missing, and R is a network that gives the clean image of severity t.
 * The improved sampling of the paper (algorithm 2):
 * ```
 * x   = A^H y, where t is what the scan lacks
 * X   = R(x, t)
 * x'  = x - D_t X + D_t' X = x + S^H F^H (M_t' - M_t) F S X
 * ```
 * until nothing is missing, the samples nearest to the centre of k-space first. What was measured is never
 * changed, and the first steps decide the coarse parts on which the last ones build. Deterministic, without
 * noise at any time; that of the data stays in the image. The paper degrades by blur, masks, fewer pixels and
 * snow; it has no k-space, so the order of the samples is ours.
 */
export const cold: Method = {
  ...ABOUT,
  needsMaps: true,
  settings: {},
  prepare: prepareCold,
};

async function prepareCold(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { steps = STEPS, model: named }: MethodOptions = {},
): Promise<Solver> {
  const path = await methodModelPath(ABOUT, named);
  const restorer = await loadRestorer(path, "undersampling");
  return { ...await coldSolver(runtime, geometry, restorer.restore, steps), model: restorer.model };
}

/** Cold diffusion with a restorer `(x, severity) -> clean image`. */
export async function coldSolver(
  runtime: Runtime,
  geometry: SamplingGeometry,
  restore: Denoiser,
  steps: number,
): Promise<Solver> {
  const { image, sets = 1, y, inputs, operator } = mriMeasurement(geometry);
  const plan = returning(geometry.mask, steps);
  const shapes = { x: [1, 2 * sets, ...image], ...inputs, added: plan[0].added.shape };
  const tensors = inputsOf({ ...shapes, severity: [1, 1, 1, 1] });
  const transform = geometry.mask.isLines ? dftH : dft2;
  const coils = coilSets(tensors.maps, 1);
  const X = restore(tensors.x, tensors.severity);
  const back = mul(transform(coils.forward(X), "forward"), tensors.added);
  const x = add(tensors.x, coils.adjoint(transform(back, "inverse")));
  const step = await compileLoop(runtime, tensors, { x: tensors.x }, { x });
  const start = await runtime.build<string, "x">({ y, ...inputs }, ({ y, ...arrays }) => ({
    x: operator(arrays, 1).adjoint(y),
  }));
  return {
    nfe: plan.length,
    steps: plan.length,
    async solve({ y, inputs: { maps }, sigma }, control) {
      const { x } = await start.run({ y, maps });
      const calls = plan.map((feeds, i) => ({
        ...{ program: step, step: i + 1, sigma },
        feeds: () => ({ added: feeds.added, severity: scalar(feeds.severity) }),
      }));
      const loop = { method: ABOUT.name, steps: plan.length, fixed: { maps }, state: { x }, calls };
      return partOf(await runLoop(loop, control), 0);
    },
  };
}

/** What comes back in each step: 1 for these samples, `[H, 1]` or `[H, W]`, and what is missing before. */
export function returning(
  mask: SamplingMask,
  steps: number,
): { added: NdArray; severity: number }[] {
  const { data: kept } = mask.grid();
  const columns = mask.isLines ? 1 : mask.width, shape = [mask.height, columns];
  const fromCentre = (i: number) => {
    const row = (Math.floor(i / columns) - Math.floor(mask.height / 2)) / mask.height;
    return Math.hypot(row, columns === 1 ? 0 : (i % columns - Math.floor(columns / 2)) / columns);
  };
  const missing = Array.from(kept, (_, i) => i).filter((i) => kept[i] === 0)
    .toSorted((a, b) => fromCentre(a) - fromCentre(b));
  const count = Math.max(1, Math.min(steps, missing.length));
  return Array.from({ length: count }, (_, step) => {
    const [from, to] = [step, step + 1].map((s) => Math.round(s * missing.length / count));
    const added = ndarray(new Float32Array(kept.length), shape);
    for (const i of missing.slice(from, to)) added.data[i] = 1;
    return { added, severity: (missing.length - from) / kept.length };
  });
}
