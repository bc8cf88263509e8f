/** Whitening: unit covariance, and images in the units of the file. */
import assert from "node:assert/strict";
import { compressCoils } from "../../../src/mri/calibration/coil_compression.ts";
import { noiseCovariance, whiteningMatrix } from "../../../src/mri/calibration/noise_covariance.ts";
import { NoiseScan } from "../../../src/mri/raw/whitening.ts";
import { flagBits } from "../../../src/mrd/values.ts";
import { type NdArray, zeros } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { acquisitionHeader } from "./support.ts";
import { runtime } from "../../runtime.ts";

const COILS = 5;

/** Correlated noise y = A n with a fixed complex A and white n: `[C, 2, 1, count]`. */
function noise(count: number, seed: number): NdArray {
  const mix = new Rng(77).normals(2 * COILS * COILS);
  const white = new Rng(seed).normals(2 * COILS * count);
  const { data, shape } = zeros([COILS, 2, 1, count]);
  for (let i = 0; i < COILS; i++) {
    const gain = 0.5 + i; // coils of very different loudness
    for (let j = 0; j < COILS; j++) {
      const re = gain * mix[2 * (i * COILS + j)], im = gain * mix[2 * (i * COILS + j) + 1];
      for (let n = 0; n < count; n++) {
        const a = white[2 * (j * count + n)], b = white[2 * (j * count + n) + 1];
        data[2 * i * count + n] += re * a - im * b;
        data[(2 * i + 1) * count + n] += re * b + im * a;
      }
    }
  }
  return { data, shape };
}

/** Samples `[C, 2, 1, n]` as noise scans of some acquisitions. */
function scanOf({ data, shape: [coils, , , count] }: NdArray, acquisitions: number): NoiseScan {
  const scan = new NoiseScan();
  const each = count / acquisitions;
  for (let a = 0; a < acquisitions; a++) {
    const samples = new Float32Array(2 * coils * each);
    for (let coil = 0; coil < coils; coil++) {
      for (let i = 0; i < each; i++) {
        samples[2 * (coil * each + i)] = data[2 * coil * count + a * each + i];
        samples[2 * (coil * each + i) + 1] = data[(2 * coil + 1) * count + a * each + i];
      }
    }
    const header = acquisitionHeader({
      flags: flagBits("noise"),
      numberOfSamples: each,
      activeChannels: coils,
    });
    scan.add({ header, samples, trajectory: new Float32Array() });
  }
  return scan;
}

/** Covariance of real and imaginary parts by its definition, in float64. */
function covarianceOf({ data, shape: [coils, , , count] }: NdArray): number[][] {
  return Array.from({ length: 2 * coils }, (_, i) =>
    Array.from({ length: 2 * coils }, (_, j) => {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += data[i * count + n] * data[j * count + n];
      return sum / count;
    }));
}

function largestError(found: number[][], expected: (i: number, j: number) => number): number {
  return Math.max(...found.flatMap((row, i) => row.map((x, j) => Math.abs(x - expected(i, j)))));
}

Deno.test("whiteningMatrix() gives exactly unit covariance, W S W^T = I", () => {
  const samples = noise(64, 1);
  const covariance = noiseCovariance(stackedSum(samples), 64);
  const w = whiteningMatrix(covariance);
  const product = w.map((a) =>
    w.map((b) =>
      a.reduce((sum, x, i) => sum + x * covariance[i].reduce((s, c, j) => s + c * b[j], 0), 0)
    )
  );
  assert.ok(largestError(product, (i, j) => i === j ? 1 : 0) < 1e-9);
});

/** Sum of y y^H in real form, (re/im, coil), as `coilCovariance` gives it. */
function stackedSum({ data, shape: [coils, , , count] }: NdArray): NdArray {
  const sum = zeros([2 * coils, 2 * coils]);
  const at = (coil: number, part: number, n: number) => data[(2 * coil + part) * count + n];
  for (let a = 0; a < coils; a++) {
    for (let b = 0; b < coils; b++) {
      let re = 0, im = 0;
      for (let n = 0; n < count; n++) {
        re += at(a, 0, n) * at(b, 0, n) + at(a, 1, n) * at(b, 1, n);
        im += at(a, 1, n) * at(b, 0, n) - at(a, 0, n) * at(b, 1, n);
      }
      const size = 2 * coils;
      sum.data[a * size + b] = sum.data[(coils + a) * size + coils + b] = re;
      sum.data[(coils + a) * size + b] = im;
      sum.data[a * size + coils + b] = -im;
    }
  }
  return sum;
}

Deno.test("a noise scan whitens other noise of the same coils, within sampling error", async () => {
  const count = 16384;
  const whitening = await scanOf(noise(count, 2), 64).whitening(runtime);
  const program = await runtime.build(
    { y: [COILS, 2, 1, count], w: whitening.shape },
    ({ y, w }) => ({ white: compressCoils(y, w) }),
  );
  const { white } = await program.run({ y: noise(count, 3), w: whitening });
  const covariance = covarianceOf(white);
  const variance = covarianceOf(noise(count, 2)).reduce((sum, row, i) => sum + row[i], 0) /
    (2 * COILS);
  // Both covariances are estimates from n samples: 5 standard errors of their difference.
  const error = largestError(covariance, (i, j) => i === j ? variance : 0) / variance;
  assert.ok(error < 5 * Math.sqrt(2 / count) * Math.SQRT2, `error ${error}`);
});

Deno.test("white noise is left as it is, so that images keep the units of the file", async () => {
  const count = 1 << 16;
  const white = { data: new Rng(4).normals(2 * 3 * count), shape: [3, 2, 1, count] };
  const { data } = await scanOf(white, 16).whitening(runtime);
  data.forEach((value, i) => {
    const expected = i % 7 === 0 ? 1 : 0; // the diagonal of 6 x 6
    assert.ok(Math.abs(value - expected) < 0.02, `element ${i}: ${value}`);
  });
});

Deno.test("a coil without noise is switched off, and too short a scan is refused", async () => {
  const samples = noise(64, 5);
  samples.data.fill(0, 2 * 2 * 64, 3 * 2 * 64);
  const { data } = await scanOf(samples, 1).whitening(runtime);
  assert.ok(data.every(Number.isFinite));
  const size = 2 * COILS;
  for (const row of [4, 5]) {
    assert.ok(data.subarray(row * size, (row + 1) * size).every((value) => value === 0));
  }
  await assert.rejects(
    scanOf(noise(4, 6), 1).whitening(runtime),
    /at least 5 noise samples are required for 5 coils, found 4/,
  );
  samples.data.fill(0);
  await assert.rejects(scanOf(samples, 1).whitening(runtime), /noise is required, found zeros/);
});
