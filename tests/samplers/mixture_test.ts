import { ald } from "../../src/samplers/ald.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { daps } from "../../src/samplers/daps.ts";
import { dds } from "../../src/samplers/dds.ts";
import { dps } from "../../src/samplers/dps.ts";
import { pigdm } from "../../src/samplers/pigdm.ts";
import { dot, momentsOf, trace } from "./algebra.ts";
import { type MixtureProblem, mixtureProblem } from "./mixture.ts";
import { assertBetween, draw } from "./support.ts";
import { runtime } from "../runtime.ts";

const COUNT = 400;
/** The derivations' weights, from nearly pure noise. */
const WIDE = { weight: 1, eta: 1, flow: 1, sigmaMax: 10, sigmaMin: 0.1, steps: 50, cg: 8 };

/** What samples of both modes look like beside the exact posterior. */
function modesOf(data: Float32Array, { axis, centre, modes }: MixtureProblem) {
  const size = centre.length;
  const groups: Float32Array[][] = modes.map(() => []);
  for (let n = 0; n < COUNT; n++) {
    const sample = data.subarray(n * size, (n + 1) * size);
    groups[dot(axis, sample) > dot(axis, centre) ? 0 : 1].push(sample);
  }
  return {
    share: groups[0].length / COUNT,
    modes: modes.map(({ mean, deviation }, k) => {
      const { mean: found, covariance } = momentsOf(
        groups[k].flatMap((sample) => [...sample]),
        groups[k].length,
      );
      const square = found.reduce((sum, value, i) => sum + (value - mean[i]) ** 2, 0);
      return {
        /** Of the mean, root mean square, in deviations of a component. */
        off: Math.sqrt(square / size) / deviation,
        /** Relative to the exact deviation. */
        spread: Math.sqrt(trace(covariance) / size) / deviation,
      };
    }),
  };
}

/** What is found is right within three standard errors of the share, 0.065, beside the bias that is said. */
const cases: readonly {
  readonly sampler: Sampler;
  readonly settings?: Settings;
  readonly share: readonly [number, number];
  readonly spread: readonly [number, number];
}[] = [
  // Guidance through the denoiser knows the modes: the exact share, 0.75, with r^2 that of a mode.
  { sampler: pigdm, settings: { sigmaData: 0.2 }, share: [0.68, 0.87], spread: [0.85, 1.1] },
  { sampler: dps, settings: { sigmaData: 0.2 }, share: [0.68, 0.87], spread: [0.85, 1.1] },
  // Data weighed with r = sigma say less about the mode than they know.
  { sampler: daps, share: [0.53, 0.75], spread: [0.9, 1.15] },
  // The same without the draw: too narrow.
  { sampler: dds, settings: { power: 2, eta: 1 }, share: [0.55, 0.8], spread: [0.5, 0.85] },
  // Modes are chosen where the annealed likelihood is weak: near the share of the prior, 0.5.
  { sampler: ald, settings: { inner: 3, epsilon: 0.5 }, share: [0.43, 0.62], spread: [0.9, 1.15] },
];

for (const { sampler, settings, share, spread } of cases) {
  Deno.test(`${sampler.name} finds both modes of a mixture`, async () => {
    const problem = mixtureProblem();
    assertBetween(problem.modes[0].weight, 0.74, 0.76, "exact share of the first mode");
    const options = { count: COUNT, seed: 3, settings: { ...WIDE, ...settings } };
    const data = await draw(
      runtime,
      { ...sampler, start: { around: "zero", addNoise: true } },
      problem,
      options,
    );
    const found = modesOf(data, problem);
    assertBetween(found.share, ...share, "share of the first mode");
    for (const mode of found.modes) {
      assertBetween(mode.off, 0, 0.25, "mean of a mode");
      assertBetween(mode.spread, ...spread, "deviation in a mode");
    }
  });
}
