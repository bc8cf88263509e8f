import assert from "node:assert/strict";
import {
  bootstrapDraws,
  bootstrapInterval,
  mean,
  standardDeviation,
} from "../../../src/report/compare/statistics.ts";
import references from "./statistics.json" with { type: "json" };

/** Mean and deviation are sums of a few float64. */
const TOLERANCE = 1e-12;
/** An end of an interval may be this many Monte-Carlo deviations from scipy's mean over 100 seeds. */
const DEVIATIONS = 4;

for (const { name, values, mean: centre, std, interval, deviation } of references.cases) {
  Deno.test(`mean, deviation and bootstrap interval agree with scipy: ${name}`, () => {
    assert.ok(Math.abs(mean(values) - centre) < TOLERANCE);
    assert.ok(Math.abs(standardDeviation(values) - std) < TOLERANCE);
    for (const seed of [0, 1, 2]) {
      bootstrapInterval(values, bootstrapDraws(values.length, { seed })).forEach((end, side) => {
        const error = Math.abs(end - interval[side]);
        assert.ok(error <= DEVIATIONS * deviation[side] + TOLERANCE, `${end} ${interval[side]}`);
      });
    }
  });
}

Deno.test("bootstrapInterval() repeats itself, moves with the values, and refuses one value", () => {
  const values = [1, 2, 4, 8];
  assert.deepEqual(bootstrapInterval(values), bootstrapInterval(values));
  const [low, high] = bootstrapInterval(values.map((value) => 10 - value));
  const [a, b] = bootstrapInterval(values);
  assert.ok(Math.abs(low - (10 - b)) < 1e-9 && Math.abs(high - (10 - a)) < 0.5);
  assert.deepEqual(bootstrapInterval([3, 3, 3]), [3, 3]);
  assert.throws(() => bootstrapInterval([1]), RangeError);
  assert.throws(() => standardDeviation([1]), RangeError);
  assert.throws(() => mean([]), RangeError);
});
