/** Hermitian eigenvectors, and the eigenbasis of the operator's columns. */
import assert from "node:assert/strict";
import { eigs } from "mathjs";
import {
  columnBases,
  columnBasis,
  decomposeInWorkers,
} from "../../../src/mri/physics/column_basis.ts";
import {
  type ComplexMatrix,
  hermitianEigen,
} from "../../../src/mri/calibration/hermitian_eigen.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { everyOtherLine, example } from "../../classical/support.ts";

/** float64 eigenvectors of matrices of norm about 1. */
const EXACT = 1e-13;

/** B^H B / n of a random B with `rank` rows. */
function randomHermitian(n: number, rank: number, seed: number): ComplexMatrix {
  const random = new Rng(seed).normals(2 * rank * n);
  const [re, im] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < rank; k++) {
        const [a, b] = [random[2 * (k * n + i)], -random[2 * (k * n + i) + 1]];
        const [c, d] = [random[2 * (k * n + j)], random[2 * (k * n + j) + 1]];
        re[i * n + j] += (a * c - b * d) / n;
        im[i * n + j] += (a * d + b * c) / n;
      }
    }
  }
  return { re, im };
}

/** Largest |A v - lambda v| and |<v, v'> - delta|. */
function defects(a: ComplexMatrix, n: number): { residual: number; orthogonality: number } {
  const { values, vectors: v } = hermitianEigen({ re: a.re.slice(), im: a.im.slice() }, n);
  let residual = 0, orthogonality = 0;
  for (let p = 0; p < n; p++) {
    for (let i = 0; i < n; i++) {
      let re = -values[p] * v.re[p * n + i], im = -values[p] * v.im[p * n + i];
      let overlapRe = p === i ? -1 : 0, overlapIm = 0;
      for (let j = 0; j < n; j++) {
        re += a.re[i * n + j] * v.re[p * n + j] - a.im[i * n + j] * v.im[p * n + j];
        im += a.re[i * n + j] * v.im[p * n + j] + a.im[i * n + j] * v.re[p * n + j];
        overlapRe += v.re[p * n + j] * v.re[i * n + j] + v.im[p * n + j] * v.im[i * n + j];
        overlapIm += v.re[p * n + j] * v.im[i * n + j] - v.im[p * n + j] * v.re[i * n + j];
      }
      residual = Math.max(residual, Math.hypot(re, im));
      orthogonality = Math.max(orthogonality, Math.hypot(overlapRe, overlapIm));
    }
  }
  return { residual, orthogonality };
}

Deno.test("hermitianEigen() decomposes matrices of any size and rank", () => {
  for (const n of [1, 2, 3, 5, 16, 31]) {
    for (const rank of [n, Math.ceil(n / 2), 1]) {
      const { residual, orthogonality } = defects(randomHermitian(n, rank, n), n);
      assert.ok(residual < EXACT && orthogonality < EXACT, `${n} ${rank}: ${residual}`);
    }
  }
  const zero = { re: new Float64Array(16), im: new Float64Array(16) };
  assert.deepEqual(defects(zero, 4), { residual: 0, orthogonality: 0 });
  const graded = { re: new Float64Array(25), im: new Float64Array(25) };
  for (let i = 0; i < 5; i++) graded.re[6 * i] = 10 ** (-3 * i);
  assert.ok(defects(graded, 5).residual < 1e-20);
});

Deno.test("hermitianEigen() finds the eigenvalues that mathjs finds", () => {
  const n = 9;
  const { re, im } = randomHermitian(n, 6, 4);
  const real = Array.from({ length: 2 * n }, (_, i) =>
    Array.from({ length: 2 * n }, (_, j) => {
      const at = i % n * n + j % n;
      if (i < n === j < n) return re[at];
      return i < n ? -im[at] : im[at];
    }));
  const expected = (eigs(real).values as number[]).sort((a, b) => a - b).filter((_, i) => i % 2);
  const found = [...hermitianEigen({ re, im }, n).values].sort((a, b) => a - b);
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < EXACT * 10));
});

Deno.test("hermitianEigen() refuses what is not finite", () => {
  const broken = { re: new Float64Array(9).fill(NaN), im: new Float64Array(9) };
  assert.throws(() => hermitianEigen(broken, 3), RangeError);
});

/** Maps of a small example, some pixels of which no coil sees. */
function exampleMaps(height: number, width: number, dark: readonly number[]) {
  const { problem: { inputs: { maps } }, geometry: { mask } } = example(
    3,
    everyOtherLine(height, width),
  );
  const data = maps.data.slice();
  for (const pixel of dark) {
    for (let i = pixel; i < data.length; i += height * width) data[i] = 0;
  }
  return { maps: ndarray(data, maps.shape), lines: mask.lines };
}

/** (A_x^H A_x v)(y) from its definition, by two sums. */
function normalTimes(
  maps: Float32Array,
  lines: readonly number[],
  height: number,
  v: (y: number) => [number, number],
): [number, number][] {
  const out = Array.from({ length: height }, (): [number, number] => [0, 0]);
  const c = Math.floor(height / 2);
  for (let coil = 0; coil < maps.length; coil += 2 * height) {
    const s = (y: number) => [maps[coil + y], maps[coil + height + y]];
    for (const k of lines) {
      let [re, im] = [0, 0];
      const wave = (y: number) => 2 * Math.PI * (k - c) * (y - c) / height;
      for (let y = 0; y < height; y++) {
        const [[a, b], [p, q]] = [s(y), v(y)];
        const [u, w] = [a * p - b * q, a * q + b * p];
        re += u * Math.cos(wave(y)) + w * Math.sin(wave(y));
        im += w * Math.cos(wave(y)) - u * Math.sin(wave(y));
      }
      for (let y = 0; y < height; y++) {
        const [a, b] = s(y);
        const [u, w] = [
          re * Math.cos(wave(y)) - im * Math.sin(wave(y)),
          re * Math.sin(wave(y)) + im * Math.cos(wave(y)),
        ];
        out[y][0] += (a * u + b * w) / height;
        out[y][1] += (a * w - b * u) / height;
      }
    }
  }
  return out;
}

Deno.test("columnBases() gives eigenvectors of each column's normal operator", async () => {
  for (const [height, width] of [[6, 3], [7, 2], [5, 5]]) {
    const { maps, lines } = exampleMaps(height, width, [0, width, 2 * width + 1]);
    const { vectors, squares } = await columnBases(maps, lines);
    for (let x = 0; x < width; x++) {
      const column = Float32Array.from(
        { length: maps.data.length / width },
        (_, i) => maps.data[i * width + x],
      );
      for (let i = 0; i < height; i++) {
        const row = 2 * height * (x * height + i);
        const v = (y: number): [number, number] => [
          vectors.data[row + y],
          vectors.data[row + height + y],
        ];
        normalTimes(column, lines, height, v).forEach(([re, im], y) => {
          const [a, b] = v(y), square = squares.data[i * width + x];
          assert.ok(Math.hypot(re - square * a, im - square * b) < 1e-6);
        });
      }
    }
  }
});

Deno.test("workers give the same bases as the thread that asks", async () => {
  const { maps, lines } = exampleMaps(6, 5, [3]);
  const task = (x: number) => ({
    maps: Float32Array.from({ length: maps.data.length / 5 }, (_, i) => maps.data[i * 5 + x]),
    height: 6,
    lines,
  });
  const found = new Map<number, unknown>();
  await decomposeInWorkers(5, task, (x, basis) => found.set(x, basis), undefined, 2);
  for (let x = 0; x < 5; x++) assert.deepEqual(found.get(x), columnBasis(task(x)));
});

Deno.test("work on columns stops when it is told to", async () => {
  const { maps, lines } = exampleMaps(6, 5, []);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(columnBases(maps, lines, { signal }), /enough/);
  const task = { maps: maps.data, height: 6, lines };
  const work = decomposeInWorkers(5, () => task, () => {}, signal, 1);
  await assert.rejects(work, /enough/);
});
