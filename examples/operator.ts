/**
 * A measurement of one's own: the field of view is too small along the phase-encode axis, so that the
 * image folds over. Coils that see the two halves differently unfold it, here by DiffPIR.
 *
 *     deno run -A examples/operator.ts
 * @module
 */
import { kspaceFromArray, meanOf, ndarray, reconstruct, Rng, simulatedBrain } from "@larmor/larmor";
import { add, Runtime, slice, type Tensor } from "@larmor/larmor/graph";
import { coils, compose, type LinearOperator, linearOperator } from "@larmor/larmor/mri";
import { openPrior } from "@larmor/larmor/nn";
import { compileSampler, diffpir, type Measurement } from "@larmor/larmor/samplers";

/** Noise of the folded coil images, relative to bright tissue. */
const SIGMA = 0.02;

/** Folds coil images `[N, C, 2, H, W]` to half their height. The adjoint follows by differentiation. */
function folding(shape: readonly number[]): LinearOperator {
  const half = shape[3] / 2;
  return linearOperator({
    domain: shape,
    forward: (x) => add(slice(x, 3, 0, half), slice(x, 3, half, 2 * half)),
  });
}

/** Coils, then folding. Coil maps `[1, C, 2, H, W]` are an input, so one graph serves all slices. */
function wrapped(maps: Tensor, batch = 1): LinearOperator {
  const seen = coils(maps, batch);
  return compose(folding(seen.range), seen);
}

/** Simulates folded data of a head of known shape, and unfolds them. */
export async function unfold(size = 96, steps = 10) {
  // The head and its coil maps, on the scale that priors are trained for: bright tissue is 1.
  using brain = await simulatedBrain({ size, coils: 6, noise: 0.005 });
  using kspace = kspaceFromArray(await brain.readSlice(0)); // rows are the phase-encode axis
  const full = await reconstruct(kspace, { method: "sense", audit: "none", device: "cpu" });
  const bright = full.magnitude.data.toSorted().at(-Math.round(0.01 * size ** 2))!;
  const truth = ndarray(full.complex.data.map((value) => value / bright), [1, 2, size, size]);
  const maps = full.maps!;

  await using runtime = await Runtime.open("cpu");
  const shapes = { x: truth.shape, maps: maps.shape };
  const scanner = await runtime.build(shapes, ({ x, maps }) => {
    const operator = wrapped(maps);
    return { y: operator.forward(x), zeroFilled: operator.adjoint(operator.forward(x)) };
  });
  const { y, zeroFilled } = await scanner.run({ x: truth, maps });
  const noise = new Rng(1).normals(y.data.length);
  const noisy = ndarray(y.data.map((value, i) => value + SIGMA * noise[i]), y.shape);

  const measurement: Measurement = {
    image: [size, size],
    y: y.shape,
    inputs: { maps: maps.shape },
    operator: ({ maps }, batch) => wrapped(maps, batch),
  };
  const { denoise } = await openPrior("prior-brain");
  const task = { sampler: diffpir, settings: { steps }, measurement, denoise, samples: 2 };
  const sampler = await compileSampler(runtime, task);
  const samples = await sampler.run({ y: noisy, inputs: { maps }, sigma: SIGMA }, new Rng(2));
  const error = ({ data }: { data: Float32Array }) =>
    Math.sqrt(data.reduce((sum, value, i) => sum + (value - truth.data[i]) ** 2, 0) / data.length);
  return { folded: error(zeroFilled), unfolded: error(meanOf(samples)) };
}

// deno-lint-ignore no-console
if (import.meta.main) console.log(await unfold());
