/**
 * How many measurements a generator saves (Bora et al. 2017), and where that ends: CSGM beside total variation
 * on Gaussian and on Fourier measurements of 64 x 64 pictures, some made by the generator itself, some real
 * heads that it was not trained on.
 *
 *     deno run --allow-all bench/generators.ts [--data ../shared/data/validation] [--model generator-head]
 *       [--counts 32,128,512,2048] [--pictures 2] [--svg FILE]
 *
 * Prints the root of the mean squared error relative to that of the picture. Noise is 0.01 of bright tissue per
 * measurement. Total variation has the best of three weights, chosen with the truth: a strong opponent. `--svg`
 * draws the curves.
 */
import { benchOptions, say } from "./options.ts";
import { chartFile, type Curve } from "../src/chart.ts";
import { tvIteration, type TvState } from "../src/classical/tv.ts";
import { csgm } from "../src/generators/mod.ts";
import { loadGenerator } from "../src/generators/mod.ts";
import {
  constantOf,
  input,
  matMul,
  mul,
  reshape,
  Runtime,
  slice,
  type Tensor,
  transpose,
} from "../src/graph/mod.ts";
import { openImage } from "../src/io/open.ts";
import { linearMeasurement, type Measurement } from "../src/method/measurement.ts";
import { percentile } from "../src/mri/metrics/percentile.ts";
import { complexOf, realPart } from "../src/mri/physics/complex.ts";
import { dft2 } from "../src/mri/physics/dft.ts";
import type { LinearOperator } from "../src/mri/physics/operator.ts";
import { inpainting } from "../src/mri/physics/restoration_operators.ts";
import { magnitudeOf, type NdArray, ndarray, scalar } from "../src/ndarray.ts";
import { constantScope, modelPath } from "../src/nn/mod.ts";
import { Rng } from "../src/rng.ts";
import { compose } from "../src/mri/physics/operator.ts";

const options = benchOptions(import.meta.url, {
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  model: { type: "string", default: "generator-head" },
  counts: { type: "string", default: "32,128,512,2048" },
  pictures: { type: "string", default: "2" },
  svg: { type: "string" },
});

const SIDE = 64, PIXELS = SIDE * SIDE, SIGMA = 0.01;
const SIZE = [SIDE, SIDE] as const, DOMAIN = [1, 2, SIDE, SIDE];
/** Weights of total variation, in units of sigma. */
const WEIGHTS = [0.3, 1, 3];
const TV_STEPS = 60, UNROLLED = 10;

/** Only the real part of a picture is seen. */
const seenReal = (operator: (batch: number) => LinearOperator): Measurement =>
  linearMeasurement(SIZE, (batch) => {
    const domain = [batch, 2, SIDE, SIDE];
    const real: LinearOperator = {
      ...{ domain, range: domain },
      forward: (x) => complexOf(realPart(x)),
      adjoint: (x) => complexOf(realPart(x)),
      normal: (x) => complexOf(realPart(x)),
    };
    return compose(operator(batch), real);
  });

/** Rows of normal numbers, so scaled that the norm of the matrix is about 1. */
function gaussian(count: number): Measurement {
  const scale = 1 / (Math.sqrt(PIXELS) + Math.sqrt(count));
  const data = new Rng(1, count).normals(count * PIXELS).map((value) => value * scale);
  const rows = constantOf(data, [count, PIXELS]);
  return seenReal((batch) => {
    const domain = [batch, 2, SIDE, SIDE], range = [batch, 1, 1, count];
    const forward = (x: Tensor) =>
      reshape(matMul(reshape(slice(x, 1, 0, 1), [batch, PIXELS]), transpose(rows, [1, 0])), range);
    const adjoint = (y: Tensor) =>
      complexOf(reshape(matMul(reshape(y, [batch, count]), rows), [batch, 1, SIDE, SIDE]));
    return { domain, range, forward, adjoint, normal: (x) => adjoint(forward(x)) };
  });
}

/** Points of the Fourier transform, two real numbers each: half about the centre, half at random. */
function fourier(count: number): Measurement {
  const kept = new Float32Array(PIXELS);
  const radius = (i: number) => Math.hypot(Math.floor(i / SIDE) - SIDE / 2, i % SIDE - SIDE / 2);
  const nearest = Array.from(kept, (_, i) => i).sort((a, b) => radius(a) - radius(b));
  const centre = nearest.slice(0, count / 4), others = nearest.slice(count / 4);
  centre.forEach((i) => kept[i] = 1);
  for (const k of new Rng(2, count).permutation(others.length).subarray(0, count / 4)) {
    kept[others[k]] = 1;
  }
  return seenReal((batch) => {
    const shape = [batch, 2, SIDE, SIDE];
    const transform: LinearOperator = {
      ...{ domain: shape, range: shape },
      forward: (x) => dft2(x, "forward"),
      adjoint: (x) => dft2(x, "inverse"),
      normal: (x) => x,
    };
    return compose(inpainting(shape, kept), transform);
  });
}

/** A head as the recipe cuts it: the square about it, a tenth wider, bright tissue at 1. */
function headOf({ data, shape: [rows, columns] }: NdArray): Float32Array {
  const white = percentile(data, 99);
  const at = (r: number, c: number) =>
    r < 0 || c < 0 || r >= rows || c >= columns ? 0 : data[r * columns + c] / white;
  const extent = (count: number, share: (i: number) => number) => {
    const inside = Array.from({ length: count }, (_, i) => i).filter((i) => share(i) > 0.02);
    return [inside[0], inside[inside.length - 1]];
  };
  const mean = (count: number, value: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => value(i) > 0.15 ? 1 : 0).reduce<number>(
      (a, b) => a + b,
      0,
    ) / count;
  const [top, bottom] = extent(rows, (r) => mean(columns, (c) => at(r, c)));
  const [left, right] = extent(columns, (c) => mean(rows, (r) => at(r, c)));
  const edge = Math.ceil(1.1 * Math.max(bottom - top, right - left));
  const [first, start] = [top + bottom - edge, left + right - edge].map((twice) =>
    Math.floor(twice / 2)
  );
  const head = new Float32Array(PIXELS);
  for (let i = 0; i < PIXELS; i++) {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    const [r0, r1, c0, c1] = [row, row + 1, column, column + 1].map((side) => side * edge / SIDE);
    let sum = 0, count = 0;
    for (let r = Math.floor(r0); r < Math.ceil(r1); r++) {
      for (let c = Math.floor(c0); c < Math.ceil(c1); c++, count++) sum += at(first + r, start + c);
    }
    head[i] = sum / count;
  }
  return head;
}

const pictureCount = Number(options.pictures);

/** Pictures of the generator, for latent vectors that were drawn. */
async function inRange(runtime: Runtime): Promise<Float32Array[]> {
  const generator = await loadGenerator(await modelPath(options.model));
  const program = await runtime.build({ z: [1, generator.latent, 1, 1] }, ({ z }) => ({
    image: generator.image(constantScope(generator.parameters), z),
  }));
  const made: Float32Array[] = [];
  for (let i = 0; i < pictureCount; i++) {
    const z = ndarray(new Rng(3, i).normals(generator.latent), [1, generator.latent, 1, 1]);
    made.push((await program.run({ z })).image.data);
  }
  return made;
}

/** Slices of people that the generator was not trained on. */
async function realHeads(): Promise<Float32Array[]> {
  const names = [...Deno.readDirSync(options.data)].map(({ name }) => name)
    .filter((name) => name.startsWith("ds002748_")).sort().slice(0, pictureCount);
  return await Promise.all(names.map(async (name) => {
    using file = await openImage(`${options.data}/${name}`);
    return headOf(magnitudeOf(await file.readSlice(Math.floor(file.slices / 2))));
  }));
}

const rms = (a: ArrayLike<number>, b?: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (v, i) => (v - (b?.[i] ?? 0)) ** 2).reduce((s, v) => s + v) / a.length);

type Solve = (y: NdArray) => Promise<ArrayLike<number>>;

/** Total variation by POGM, for a weight. */
async function compileTv(runtime: Runtime, { y, operator }: Measurement) {
  const A = operator({}, 1);
  const linear = {
    operator: A,
    adjoint: input("adjoint", DOMAIN),
    weight: input("weight", [1, 1, 1, 1]),
  };
  const shapes = { adjoint: DOMAIN, weight: [1, 1, 1, 1] };
  const keys = Object.keys(tvIteration.start(linear)) as (keyof TvState)[];
  const start = await runtime.build<string, string>({ ...shapes, y }, ({ y, weight }) => {
    const adjoint = A.adjoint(y);
    const state = tvIteration.start({ operator: A, adjoint, weight });
    return { ...Object.fromEntries(keys.map((k) => [`${k}0`, mul(state[k], 1)])), b: adjoint };
  });
  const first = tvIteration.start(linear);
  const before = Object.fromEntries(keys.map((k) => [k, first[k].shape]));
  const step = await runtime.build<string, string>({ ...shapes, ...before }, (tensors) => {
    let state = tensors as unknown as TvState;
    const problem = { operator: A, adjoint: tensors.adjoint, weight: tensors.weight };
    for (let i = 0; i < UNROLLED; i++) state = tvIteration.step(problem, state);
    return Object.fromEntries(keys.map((k) => [`${k}1`, state[k]]));
  });
  return (weight: number): Solve => async (y) => {
    const given = { y, weight: scalar(weight) };
    const { b, ...out } = await start.run({
      ...given,
      adjoint: ndarray(new Float32Array(2 * PIXELS), DOMAIN),
    });
    let state = Object.fromEntries(keys.map((k) => [k as string, out[`${k}0`]]));
    for (let i = 0; i < TV_STEPS / UNROLLED; i++) {
      const next = await step.run({ ...state, adjoint: b, weight: given.weight });
      state = Object.fromEntries(keys.map((k) => [k as string, next[`${k}1`]]));
    }
    return state.x.data.subarray(0, PIXELS);
  };
}

/** Mean relative errors of both methods for one measurement, over pictures. */
async function errorsFor(runtime: Runtime, measurement: Measurement, pictures: Float32Array[]) {
  const observe = await runtime.build({ x: DOMAIN }, ({ x }) => ({
    y: measurement.operator({}, 1).forward(x),
  }));
  const search = await csgm.compile(runtime, measurement, {
    model: options.model,
    settings: { restarts: 4 },
    steps: 200,
  });
  const tv = await compileTv(runtime, measurement);
  let found = 0, sparse = 0;
  for (const [i, picture] of pictures.entries()) {
    const x = ndarray(Float32Array.from([...picture, ...new Float32Array(PIXELS)]), DOMAIN);
    const { y: clean } = await observe.run({ x });
    const rng = new Rng(4, i);
    const y = {
      data: clean.data.map((v) => v === 0 ? 0 : v + SIGMA * rng.normal()),
      shape: clean.shape,
    };
    const norm = rms(picture) * pictures.length;
    const made = await search.solve({ y, inputs: {}, sigma: SIGMA }, { rng: new Rng(5, i) });
    found += rms(made.data.subarray(0, PIXELS), picture) / norm;
    const errors: number[] = [];
    for (const weight of WEIGHTS) errors.push(rms(await tv(weight * SIGMA)(y), picture));
    sparse += Math.min(...errors) / norm;
  }
  return { csgm: found, tv: sparse };
}

const counts = options.counts.split(",").map(Number);
await using base = await Runtime.open("cpu");
const kinds = { "made by the generator": await inRange(base), "real heads": await realHeads() };
const charts = [];
for (const [name, make] of Object.entries({ Gaussian: gaussian, Fourier: fourier })) {
  const curves: Curve[] = [];
  for (const [kind, pictures] of Object.entries(kinds)) {
    const rows = [];
    for (const count of counts) {
      await using runtime = await Runtime.open("cpu");
      const row = { count, ...await errorsFor(runtime, make(count), pictures) };
      rows.push(row);
      say(
        `${name}, ${kind}, ${count} numbers: csgm ${row.csgm.toFixed(3)}, tv ${row.tv.toFixed(3)}`,
      );
    }
    for (const method of ["csgm", "tv"] as const) {
      const points = rows.map((row) => ({ x: row.count, y: row[method] }));
      curves.push({
        mark: curves.length,
        name: `${method}, ${kind === "real heads" ? "real" : "made"}`,
        points,
      });
    }
  }
  charts.push({
    description:
      `${name} measurements: relative error of csgm and tv against the number of measurements`,
    x: { label: `${name} measurements (of ${PIXELS} pixels)`, logarithmic: true },
    y: { label: "relative error" },
    curves,
  });
}
if (options.svg !== undefined) await Deno.writeTextFile(options.svg, chartFile(charts));
