import assert from "node:assert/strict";
import { pixelSpreads, rankFrequencies, spreadBins } from "../../../src/mri/metrics/spread.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { assertBetween } from "../../samplers/support.ts";

const N = 8, SIZE = 4000;

/** Magnitudes far from 0 whose truth is one more draw, of deviations from 0.01 to 0.1; samples spread by `spread`. */
function pixels(spread: number) {
  const rng = new Rng(2);
  const deviation = Float32Array.from({ length: SIZE }, (_, i) => 0.01 * 10 ** (i / SIZE));
  const draw = (n: number, factor: number) => {
    const z = rng.split(n).normals(SIZE);
    return z.map((value, i) => 1 + factor * deviation[i] * value);
  };
  const imaginary = new Float32Array(SIZE);
  const drawn = Array.from({ length: N }, (_, n) => [...draw(n, spread), ...imaginary]);
  const samples = ndarray(Float32Array.from(drawn.flat()), [N, 2, 1, SIZE]);
  const region = new Uint8Array(SIZE).fill(1, 10);
  return pixelSpreads(samples, ndarray(draw(N, 1), [1, SIZE]), region);
}

Deno.test("samples of the posterior: ratios and ranks are 1 in every bin", () => {
  const found = pixels(1);
  assert.equal(found.length, SIZE - 10);
  const bins = spreadBins(found, { bins: 5, samples: N, independent: true });
  bins.forEach(({ ratio }) => assertBetween(ratio, 0.9, 1.1, "ratio"));
  rankFrequencies(found, N).forEach((part) => assertBetween(part, 0.85, 1.15, "rank"));
  const [first] = spreadBins(found, { bins: 5, samples: N, independent: false });
  assertBetween(first.ratio, 1.1, 1.6, "ratio of the bin that chance chose");
});

Deno.test("samples of half the spread: ratio near 2, ranks at both ends", () => {
  const found = pixels(0.5);
  // The mean of the samples is off by less than theirs should be: (1 + 1/32) / (1/4 (1 + 1/8)).
  const expected = Math.sqrt((1 + 1 / 32) / (1 / 4 * (1 + 1 / 8)));
  const bins = spreadBins(found, { bins: 5, samples: N, independent: true });
  bins.forEach(({ ratio }) => assertBetween(ratio / expected, 0.9, 1.1, "ratio"));
  const ranks = rankFrequencies(found, N);
  assertBetween(Math.min(ranks[0], ranks[N]), 1.7, 3, "ends");
  assertBetween(ranks[N / 2], 0.4, 0.75, "middle");
});

Deno.test("fewer than four samples have no halves", () => {
  const samples = ndarray(new Float32Array(6), [3, 2, 1, 1]);
  const truth = ndarray(new Float32Array(1), [1, 1]);
  assert.throws(() => pixelSpreads(samples, truth, new Uint8Array(1)), /at least 4/);
});
