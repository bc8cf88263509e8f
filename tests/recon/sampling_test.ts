import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import type { KspaceFile } from "../../src/io/types.ts";
import { kspaceFromSlices } from "../../src/recon/open.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { requestedMasks } from "../../src/recon/sampling.ts";
import { writeNpy } from "../../src/io/numpy/npy.ts";
import { inFolder } from "../io/support.ts";
import { onlyOf } from "../../src/ndarray.ts";
import { runtime } from "../runtime.ts";

const SIZE = 64;

/** A small brain whose k-space is zero where `kept` does not hold. */
async function thinnedBrain(
  kept: (row: number, column: number) => boolean,
  extra: Partial<KspaceFile> = {},
): Promise<KspaceFile> {
  const brain = await simulatedBrain({ size: SIZE, coils: 4, noise: 0.005, seed: 3 });
  const { slices, coils, height, width } = brain;
  const file = kspaceFromSlices({
    slices,
    coils,
    height,
    width,
    readSlice: async (index) => {
      const kspace = await brain.readSlice(index);
      kspace.data.forEach((_, i) => {
        const at = i % (height * width);
        if (!kept(Math.floor(at / width), at % width)) kspace.data[i] = 0;
      });
      return kspace;
    },
  });
  return { ...file, ...extra };
}

const sense = (file: KspaceFile, mask?: string) =>
  reconstruct(file, { method: "sense", mask, device: runtime, audit: "consistency" });

Deno.test("a mask undersamples a file whose lines are padded at both ends, with metrics", async () => {
  const file = await thinnedBrain((row) => row >= 6 && row < 59);
  const { mask, metrics, magnitude, reference } = await sense(file, "equispaced:R=2,acs=16");
  assert.equal(mask.size, 53);
  const kept = mask.lines.length;
  assert.equal(mask.acceleration, 53 / kept);
  assert.ok(mask.lines.every((line) => line >= 6 && line < 59));
  assert.ok(metrics !== null && metrics.head.psnr! > 28, `${metrics?.head.psnr} dB`);
  assert.equal(magnitude.data.length, reference!.data.length);
});

Deno.test("padded data without a mask are fully sampled, and have metrics", async () => {
  const file = await thinnedBrain((row) => row >= 6 && row < 59);
  const { mask, metrics } = await sense(file);
  assert.equal(mask.acceleration, 1);
  assert.ok(metrics!.head.psnr! > 35, `${metrics!.head.psnr} dB`);
});

Deno.test("masks of the plane and of lines apply to k-space without its corners", async () => {
  const ellipse = (row: number, column: number) =>
    Math.hypot((2 * row + 1) / SIZE - 1, (2 * column + 1) / SIZE - 1) <= 1;
  for (const mask of ["poisson:R=2,acs=16", "equispaced:R=2,acs=16"]) {
    const result = await sense(await thinnedBrain(ellipse), mask);
    assert.ok(!result.mask.isLines);
    assert.ok(result.mask.acceleration < 2.3 && result.mask.acceleration > 1.5);
    assert.ok(result.metrics!.head.psnr! > 26, `${mask}: ${result.metrics!.head.psnr} dB`);
  }
});

Deno.test("a mask of the plane applies to k-space padded along both phase encodings", async () => {
  const file = await thinnedBrain((row, column) =>
    row >= 4 && row < 60 && column >= 8 && column < 57
  );
  const { mask, metrics } = await sense(file, "poisson:R=2,acs=16");
  assert.equal(mask.size, 56 * 49);
  assert.ok(metrics!.head.psnr! > 26, `${metrics!.head.psnr} dB`);
});

Deno.test("a mask undersamples partial Fourier data further", async () => {
  const file = await thinnedBrain((row) => row < 48);
  const { mask, metrics } = await sense(file, "equispaced:R=2,acs=16");
  assert.ok(mask.lines.every((line) => line < 48));
  assert.deepEqual(mask.partial, { rows: [0, 48] });
  assert.equal(metrics, null);
});

Deno.test("partial Fourier in the zeros gives what the mask `partial` gives", async () => {
  const whole = await thinnedBrain(() => true);
  const asked = await sense(whole, "partial:fraction=0.75");
  const found = await sense(await thinnedBrain((row) => row < 48));
  assert.deepEqual(found.mask.partial, asked.mask.partial);
  assert.deepEqual(found.magnitude, asked.magnitude);
});

Deno.test("lines that an undersampled file lacks cannot be asked for", async () => {
  const file = await thinnedBrain((row) => row % 2 === 0 || Math.abs(row - 32) < 8);
  await assert.rejects(
    sense(file, "equispaced:R=3,acs=12"),
    (error) =>
      error instanceof InputError && /undersampled and line 3 is empty/.test(error.message),
  );
});

Deno.test("metrics are against the file's own image where the data are not full", async () => {
  const whole = await sense(await thinnedBrain(() => true));
  const own = { data: whole.reference!.data, shape: whole.reference!.shape.slice(1) };
  const undersampled = (row: number) => row % 2 === 0 || Math.abs(row - 32) < 8;
  const file = await thinnedBrain(undersampled, { readReference: () => Promise.resolve(own) });
  const { metrics, reference } = await sense(file);
  assert.deepEqual(reference!.data, own.data);
  assert.match(metrics!.convention, /^RSS is reconstruction_rss of the file/);
  assert.ok(metrics!.head.psnr! > 28, `${metrics!.head.psnr} dB`);
});

Deno.test("full data with a mask beside them have metrics, and may take another mask", async () => {
  const declared = Uint8Array.from(
    { length: SIZE },
    (_, row) => row % 2 === 0 || Math.abs(row - 32) < 8 ? 1 : 0,
  );
  const file = await thinnedBrain(() => true, { mask: declared });
  const asAcquired = await sense(file);
  assert.deepEqual(asAcquired.mask.values, declared);
  assert.ok(asAcquired.metrics !== null);
  assert.ok((await sense(file, "equispaced:R=3,acs=16")).metrics !== null);
});

Deno.test("a declared mask may differ by slice, or be one of the plane", async () => {
  const full = await thinnedBrain(() => true);
  const first = Uint8Array.from({ length: SIZE }, (_, row) => row % 2 === 0 || row === 31 ? 1 : 0);
  const second = first.with(1, 1);
  const slices = kspaceFromSlices({
    ...full,
    slices: 2,
    mask: Uint8Array.from([...first, ...second]),
    readSlice: () => full.readSlice(0),
  });
  const options = { method: "rss", device: runtime } as const;
  for (const [i, lines] of [first, second].entries()) {
    const { mask } = await reconstruct(slices, { ...options, slices: [i, i + 1] });
    assert.deepEqual(mask.values, lines);
  }
  const plane = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i % 3 === 0 ? 1 : 0);
  const { mask } = await reconstruct({ ...full, mask: plane }, options);
  assert.ok(!mask.isLines);
  assert.deepEqual(mask.values, plane);
});

for (const [first, last] of [[25, 40], [32, 47], [34, 49]]) {
  Deno.test(`coil maps come from the calibration lines ${first} to ${last}, centre 32`, async () => {
    const whole = await sense(await thinnedBrain(() => true));
    const file = await thinnedBrain(
      (row) => row % 2 === 0 || (row >= first && row <= last),
      { readReference: () => Promise.resolve(onlyOf(whole.reference!)) },
    );
    const { mask, metrics, warnings } = await sense(file);
    assert.ok(mask.acs >= 15, `${mask.acs}`);
    assert.ok(metrics!.head.psnr! > 25, `${metrics!.head.psnr} dB`);
    const codes = warnings.map(({ code }) => code);
    assert.deepEqual(codes, first === 25 ? [] : ["calibration-off-centre"]);
  });
}

Deno.test("without calibration lines the message says where those nearest to any lie", async () => {
  const file = await thinnedBrain((row) => row % 2 === 0 || row === 51);
  await assert.rejects(sense(file), (error) =>
    error instanceof InputError &&
    /found 1 about line 32, and the longest run of acquired lines is 50 to 52/.test(error.message));
});

Deno.test("methods are scaled alike whether calibration lines are there or not", async () => {
  const maps = (await sense(await thinnedBrain(() => true))).maps;
  const scaled = async (mask: string) => {
    const file = await thinnedBrain(() => true);
    const { sigma } = await reconstruct(file, { method: "sense", mask, maps, device: runtime });
    return sigma[0];
  };
  const [with24, without] = [
    await scaled("equispaced:R=4,acs=24"),
    await scaled("equispaced:R=4,acs=0"),
  ];
  assert.ok(without / with24 > 0.6 && without / with24 < 1.6, `${without / with24}`);
});

Deno.test("a mask file holds lines, those of each slice, or the plane in either order", async () => {
  await inFolder(async (at) => {
    const file = { slices: 3, height: 5, width: 4 };
    const lines = [1, 0, 1, 1, 0];
    const written = async (values: number[], shape: number[]) => {
      await writeNpy(at("m.npy"), { data: Float32Array.from(values), shape });
      return requestedMasks(at("m.npy"), file);
    };
    const other = [0, 1, 1, 1, 0];
    const bySlice = await written([...lines, ...other, ...lines], [3, 5]);
    assert.deepEqual(bySlice.map(({ values }) => [...values]), [lines, other, lines]);
    const plane = Array.from({ length: 20 }, (_, i) => i % 3 === 0 ? 1 : 0);
    const [phaseFirst] = await written(plane, [5, 4]);
    assert.deepEqual([...phaseFirst.values], plane);
    const swapped = Array.from({ length: 20 }, (_, i) => plane[(i % 5) * 4 + Math.floor(i / 5)]);
    const [readoutFirst] = await written(swapped, [4, 5]);
    assert.deepEqual([...readoutFirst.values], plane);
    const [tiled] = await written(lines.flatMap((value) => Array(4).fill(value)), [5, 4]);
    assert.ok(tiled.isLines);
    await assert.rejects(
      written([1, 1, 0, 1], [4]),
      (error) => error instanceof InputError && /number of readout samples/.test(error.hint!),
    );
    await assert.rejects(
      written(Array(12).fill(1), [2, 6]),
      /\(3, 5\) is required, found \(2, 6\)/,
    );
  });
});
