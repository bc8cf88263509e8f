import assert from "node:assert/strict";
import { nlinv, nlinvModel } from "../../src/classical/nlinv.ts";
import { constant, sub } from "../../src/graph/mod.ts";
import { makeMask, maskFromLines, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { asBatch, magnitudeOf, type NdArray } from "../../src/ndarray.ts";
import { Preparation } from "../../src/recon/prepare.ts";
import { scene } from "../mri/calibration/calibration_support.ts";
import { dot, evaluate, randomArray, relativeError } from "../mri/support.ts";
import { runtime } from "../runtime.ts";

const everySecond = (height: number, width: number) =>
  maskFromLines(Uint8Array.from({ length: height }, (_, y) => y % 2 === 0 ? 1 : 0), width);

Deno.test("the derivative of nlinv's model is that of its coil images, and passes the dot test", async () => {
  for (const [coils, height, width] of [[3, 12, 9], [2, 13, 16], [1, 7, 5]]) {
    const model = nlinvModel({ coils, height, width, mask: everySecond(height, width) });
    const x = randomArray([1, model.size], 1), d = randomArray([1, model.size], 2);
    const point = model.at(constant(x));
    const derivative = await evaluate(runtime, d, point.derivative);
    const z = randomArray([1, coils, 2, height, width], 3);
    const adjoint = await evaluate(runtime, z, point.adjoint);
    const scale = Math.sqrt(dot(derivative.data, derivative.data) * dot(z.data, z.data));
    assert.ok(Math.abs(dot(derivative.data, z.data) - dot(d.data, adjoint.data)) / scale < 2e-5);
    // rho c is bilinear: half the difference of two points about x is the derivative.
    const moved = (sign: number) => x.data.map((value, i) => value + sign * d.data[i]);
    const images = (data: Float32Array) =>
      evaluate(runtime, { data, shape: x.shape }, (x) => model.at(x).coilImages);
    const [ahead, behind] = [await images(moved(1)), await images(moved(-1))];
    const half = ahead.data.map((value, i) => (value - behind.data[i]) / 2);
    assert.ok(relativeError(half, derivative.data) < 1e-5);
  }
});

async function error(
  coils: number,
  spec: string,
  [height, width]: readonly [number, number],
  { sigma = 0.003, ...options }: { sigma?: number; weight?: number } = {},
) {
  const { kspace, images } = await scene(runtime, { coils, height, width, sigma });
  const parsed = parseMaskSpec(spec);
  if (parsed.kind === "file") throw new Error("a formula is required");
  const mask = makeMask(parsed, height, width);
  const preparation = new Preparation(runtime, { coils, mask, full: true });
  const { problem, scale } = await preparation.slice(kspace, { kind: "none" });
  const solver = await nlinv.prepare(runtime, { coils, height, width, mask }, options);
  const image = await solver.solve(problem);
  const rss = await evaluate(runtime, asBatch(images), (x) => sub(x, 0));
  const pixels = height * width;
  const truth = new Float32Array(pixels).map((_, i) => {
    let sum = 0;
    for (let p = 0; p < 2 * coils; p++) sum += rss.data[p * pixels + i] ** 2;
    return Math.sqrt(sum);
  });
  const found: NdArray = magnitudeOf(image);
  return relativeError(found.data.map((value) => value * scale), truth);
}

Deno.test("nlinv reconstructs without a calibration region, from lines and from a plane", async () => {
  const whole = await error(6, "equispaced:R=1,acs=0", [40, 36]);
  const lines = await error(6, "equispaced:R=2,acs=6", [40, 36]);
  const plane = await error(6, "poisson:R=2.5,acs=6", [37, 31]);
  assert.ok(whole < 0.05 && lines < 0.15 && plane < 0.12, `${whole} ${lines} ${plane}`);
});

// The tests of all methods compare with given maps; nlinv's image belongs to maps of its own, so its
// magnitude is compared with the root sum of squares of the coil images.
Deno.test("nlinv: the distance to fully sampled data grows with the weight", async () => {
  const errors: number[] = [];
  for (const weight of [1, 100, 10_000]) {
    errors.push(await error(6, "equispaced:R=1,acs=0", [40, 36], { sigma: 0, weight }));
  }
  errors.slice(1).forEach((value, i) => assert.ok(value > 1.1 * errors[i], `${errors}`));
  assert.ok(errors[0] < 0.05, `${errors}`);
});
