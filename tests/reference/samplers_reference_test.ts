/**
 * Samplers against independent code with the same noise: deepinv and the authors' repositories.
 * `samplers.json` holds what they gave, `samplers.py` how, and how their settings correspond to ours.
 */
import assert from "node:assert/strict";
import { add, constantOf, conv, div, mul, sqrt, tanh } from "../../src/graph/mod.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import type { Problem } from "../../src/method/problem.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { ndarray } from "../../src/ndarray.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import { type Sampler, samplers, type Settings } from "../../src/samplers/mod.ts";
import { relativeError } from "../mri/support.ts";
import { runtime } from "../runtime.ts";

/** A problem of samplers.json; arrays are float32 in base64. */
interface StoredProblem {
  readonly coils: number;
  readonly lines: readonly number[];
  readonly maps: string;
  readonly y: string;
}

/** What another code gave. */
interface Case {
  readonly name: string;
  readonly source: string;
  readonly problem: string;
  readonly settings: Settings;
  readonly noise: readonly string[];
  readonly result: string;
}

const reference: {
  readonly size: readonly [number, number];
  readonly sigma: number;
  readonly denoiser:
    & Readonly<Record<"variance" | "hidden", number>>
    & Readonly<Record<"first" | "second", string>>;
  readonly problems: Readonly<Record<string, StoredProblem>>;
  readonly cases: readonly Case[];
} = JSON.parse(Deno.readTextFileSync(new URL("samplers.json", import.meta.url)));

/**
 * Largest relative difference of the result: float32 against float64 gives 1e-7 to 7e-6 (conjugate
 * gradients). A setting that is 5 % off gives 5e-4 or more.
 */
const TOLERANCE = 2e-5;

const [height, width] = reference.size;

function decode(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** The prior of samplers.py: neither linear nor symmetric. */
const denoise: Denoiser = (x, sigma) => {
  const { variance, hidden, first, second } = reference.denoiser;
  const square = mul(sigma, sigma);
  const scaled = div(x, sqrt(add(square, 1)));
  const layer = (from: number, to: number, text: string) =>
    constantOf(decode(text), [to, from, 3, 3]);
  const features = tanh(conv(scaled, layer(2, hidden, first), undefined, { padding: 1 }));
  const network = add(conv(features, layer(hidden, 2, second), undefined, { padding: 1 }), 0.5);
  return div(add(mul(x, variance), mul(square, network)), add(square, variance));
};

/** Gives the stored arrays in the order in which they are asked for, whatever the stream is called. */
class StoredNoise extends Rng {
  readonly #arrays: Float32Array[];

  constructor(arrays: readonly Float32Array[]) {
    super(0);
    this.#arrays = [...arrays];
  }

  override split(): Rng {
    return this;
  }

  override normals(count: number): Float32Array {
    // Arrays beyond those stored are multiplied by 0 where they are used.
    return this.#arrays.shift() ?? new Float32Array(count);
  }

  get left(): number {
    return this.#arrays.length;
  }
}

function problemOf({ problem: name }: Case) {
  const { coils, lines, maps, y } = reference.problems[name];
  const rows = Float32Array.from({ length: height }, (_, row) => lines.includes(row) ? 1 : 0);
  const mask = maskFromLines(rows, width);
  const problem: Problem = {
    y: ndarray(decode(y), [1, coils, 2, lines.length, width]),
    inputs: { maps: ndarray(decode(maps), [1, coils, 2, height, width]) },
    sigma: reference.sigma,
  };
  return { problem, measurement: mriMeasurement({ coils, height, width, mask }) };
}

for (const [i, stored] of reference.cases.entries()) {
  const { name, source, settings, noise, result } = stored;
  Deno.test(`${name} gives what ${source} gives with the same noise (case ${i + 1})`, async () => {
    const found = samplers.find((sampler) => sampler.name === name);
    assert.ok(found);
    // From noise alone, or from A^H y as it is: no sampler's own first image.
    const { addNoise } = found.start;
    const sampler: Sampler = {
      ...found,
      start: { around: addNoise ? "zero" : "zero-filled", addNoise },
    };
    const rng = new StoredNoise(noise.map(decode));
    const { problem, measurement } = problemOf(stored);
    const task = { sampler, settings, measurement, denoise, samples: 1 };
    const compiled = await compileSampler(runtime, task);
    const { data } = await compiled.run(problem, rng);
    assert.equal(rng.left, 0, "all noise is used");
    const error = relativeError(data, decode(result));
    assert.ok(error < TOLERANCE, `relative error ${error}`);
  });
}
