import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { openNiftiImage, readAllSlices } from "../../../src/io/nifti/read.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import type { Geometry } from "../../../src/io/types.ts";
import { fixture, inFolder, refuses, same, tabulate } from "../support.ts";
import { openNiftiKspace } from "../kspace.ts";

/** What nibabel reads from a fixture; voxels with x fastest. */
interface Expected {
  shape: number[];
  affine: number[];
  known: boolean;
  real: number[];
  imaginary: number[];
}
const EXPECTED: Record<string, Expected> = JSON.parse(
  Deno.readTextFileSync(fixture("nifti/expected.json")),
);
/** float32 against the float64 of nibabel. */
const TOLERANCE = 1e-6;

/** Half a turn leaves a = sqrt(1 - b^2 - c^2 - d^2) to the rounding of float32 parts: sqrt(2^-23). */
const QFORM_TOLERANCE = 3 * Math.sqrt(2 ** -23);

function near(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = TOLERANCE,
): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const bound = tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(Math.abs(actual[i] - expected[i]) <= bound, `${i}: ${actual[i]}, ${expected[i]}`);
  }
}

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`openNiftiImage() reads ${name} as nibabel does`, async () => {
    using file = openNiftiImage(fixture(`nifti/${name}`));
    const [columns, rows, ...rest] = expected.shape;
    const slices = rest.reduce((a, b) => a * b, 1);
    assert.deepEqual([file.slices, file.rows, file.columns], [slices, rows, columns]);
    assert.equal(file.complex, name.includes("complex"));
    assert.equal(file.geometry!.known, expected.known);
    near(file.geometry!.affine, expected.affine);
    const plane = rows * columns;
    for (let slice = 0; slice < slices; slice++) {
      const { data, shape } = await file.readSlice(slice);
      assert.deepEqual([...shape], [2, rows, columns]);
      const part = (values: number[]) => values.slice(slice * plane, (slice + 1) * plane);
      near(data, [...part(expected.real), ...part(expected.imaginary)]);
    }
  });
}

for (const name of ["kspace_complex64.nii.gz", "kspace_complex128_nifti2.nii"]) {
  Deno.test(`openNiftiKspace() takes the last dimension of ${name} for coils`, async () => {
    using file = await openNiftiKspace(fixture(`nifti/${name}`));
    const { real, imaginary } = EXPECTED[name];
    const slices = name.includes("128") ? 1 : 2;
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [slices, 3, 4, 3]);
    assert.equal(file.transposed, true);
    for (let slice = 0; slice < slices; slice++) {
      const { data, shape } = await file.readSlice(slice);
      const expected = tabulate(shape, (coil, part, phase, readout) => {
        const at = phase + 4 * (readout + 3 * (slice + slices * coil));
        return part === 0 ? real[at] : imaginary[at];
      });
      same({ data, shape }, expected);
    }
  });
}

/** A rotated, anisotropic, left-handed affine, exact in float32. */
const OBLIQUE: Geometry = {
  affine: [0, -2, 0, 5, 0.5, 0, 0, -6, 0, 0, 3, 7.5, 0, 0, 0, 1],
  known: true,
};

async function written(path: string, image: ReturnType<typeof tabulate>, geometry?: Geometry) {
  await writeNifti(path, { image, geometry });
  return openNiftiImage(path);
}

for (const suffix of ["nii", "nii.gz"]) {
  Deno.test(`writeNifti() is read back from .${suffix}, real and complex`, async () => {
    await inFolder(async (at) => {
      const complex = tabulate(
        [3, 2, 4, 5],
        (...index) => Math.sin(index.reduce((a, b) => 7 * a + b)),
      );
      using first = await written(at(`c.${suffix}`), complex, OBLIQUE);
      assert.deepEqual(first.geometry, OBLIQUE);
      same(await readAllSlices(first), complex);
      const real = tabulate([3, 4, 5], (slice, y, x) => x + 10 * y + 100 * slice);
      using second = await written(at(`r.${suffix}`), real);
      assert.deepEqual([second.complex, second.geometry!.known], [false, false]);
      const expected = tabulate([3, 2, 4, 5], (s, part, y, x) => part ? 0 : x + 10 * y + 100 * s);
      same(await readAllSlices(second), expected);
    });
  });
}

Deno.test("writeNifti() writes NIfTI-2 when a side is longer than NIfTI-1 can say", async () => {
  await inFolder(async (at) => {
    const image = tabulate([1, 1, 32768], (_s, _y, x) => x);
    using file = await written(at("long.nii"), image, OBLIQUE);
    assert.equal(new DataView(Deno.readFileSync(at("long.nii")).buffer).getInt32(0, true), 540);
    assert.deepEqual(file.geometry, OBLIQUE);
    same(await file.readSlice(0), tabulate([2, 1, 32768], (part, _y, x) => part ? 0 : x));
  });
});

Deno.test("The qform alone gives the same affine as the sform", async () => {
  const turns = [0, 0.3, 1.5, 3.14159, 4];
  await inFolder(async (at) => {
    for (const [i, a] of turns.entries()) {
      const [c, s, e, f] = [Math.cos(a), Math.sin(a), Math.cos(2 * a + 1), Math.sin(2 * a + 1)];
      const flip = i % 2 === 0 ? 1 : -1;
      const affine = [2 * c, -3 * s * e, s * f * flip, 9, 2 * s, 3 * c * e, -c * f * flip, 8];
      affine.push(0, 3 * f, e * flip, -7, 0, 0, 0, 1);
      await writeNifti(at("q.nii"), {
        image: tabulate([1, 2, 2], () => 1),
        geometry: { affine, known: true },
      });
      const bytes = Deno.readFileSync(at("q.nii"));
      new DataView(bytes.buffer).setInt16(254, 0, true);
      Deno.writeFileSync(at("q.nii"), bytes);
      using file = openNiftiImage(at("q.nii"));
      near(file.geometry!.affine, affine, QFORM_TOLERANCE);
    }
  });
});

Deno.test("A singular or infinite affine is not taken for known", async () => {
  await inFolder(async (at) => {
    for (const bad of [0, NaN, Infinity]) {
      const affine = [bad, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
      const image = tabulate([1, 2, 2], () => 1);
      using file = await written(at("a.nii"), image, { affine, known: true });
      assert.equal(file.geometry!.known, false);
      assert.ok(file.geometry!.affine.every(Number.isFinite));
    }
  });
});

Deno.test("NIfTI that are no single-file arrays of numbers are refused", async () => {
  await refuses(() => openNiftiImage(fixture("nifti/refused_rgb.nii")), /found RGB24/);
  await refuses(() => openNiftiImage(fixture("nifti/refused_pair.hdr")), /\.hdr\/\.img pair/);
  await refuses(
    () => openNiftiKspace(fixture("nifti/uint16_2d.nii")),
    /as k-space: complex64 or complex128, .* are required, found uint16/,
  );
});

Deno.test("A NIfTI of another size than its header says is refused, compressed or not", async () => {
  await inFolder(async (at) => {
    const plain = Deno.readFileSync(fixture("nifti/float32_big.nii"));
    for (const [name, pack] of [["x.nii", (b: Uint8Array) => b], ["x.nii.gz", gzipSync]] as const) {
      Deno.writeFileSync(at(name), pack(plain.subarray(0, 440)));
      await refuses(() => openNiftiImage(at(name)), /requires 448 bytes, found 440/);
      const bomb = new Uint8Array(200_000);
      bomb.set(plain);
      Deno.writeFileSync(at(name), pack(bomb));
      await refuses(() => openNiftiImage(at(name)), /requires 448 bytes|more than the \d+ bytes/);
    }
    const absurd = plain.slice();
    for (let axis = 1; axis <= 3; axis++) {
      new DataView(absurd.buffer).setInt16(40 + 2 * axis, 30000);
    }
    Deno.writeFileSync(at("absurd.nii.gz"), gzipSync(absurd));
    await refuses(
      () => openNiftiImage(at("absurd.nii.gz")),
      /requires 108000000000352 bytes, found far/,
    );
  });
});

Deno.test("A truncated or damaged .nii.gz is refused", async () => {
  await inFolder(async (at) => {
    const whole = Deno.readFileSync(fixture("nifti/float64_4d.nii.gz"));
    for (const length of [2, 3, 20, 300, whole.length - 1]) {
      Deno.writeFileSync(at("t.nii.gz"), whole.subarray(0, length));
      await refuses(() => openNiftiImage(at("t.nii.gz")), /t\.nii\.gz/);
    }
  });
});

Deno.test("A .nii.gz of several gzip members, as pigz and bgzip write, is read whole", async () => {
  await inFolder(async (at) => {
    const whole = Deno.readFileSync(fixture("nifti/float64_4d.nii.gz"));
    const plain = gunzipSync(whole);
    const members = [plain.subarray(0, 500), plain.subarray(500)].map((part) => gzipSync(part));
    Deno.writeFileSync(at("m.nii.gz"), new Uint8Array(Buffer.concat(members)));
    using joined = openNiftiImage(at("m.nii.gz"));
    using one = openNiftiImage(fixture("nifti/float64_4d.nii.gz"));
    same(await readAllSlices(joined), await readAllSlices(one));
  });
});

Deno.test("A .nii.gz of more than 1 GiB is refused before it is decompressed", async () => {
  await inFolder(async (at) => {
    const header = Deno.readFileSync(fixture("nifti/float32_big.nii")).slice(0, 352);
    const view = new DataView(header.buffer);
    [1024, 1024, 300].forEach((size, i) => view.setInt16(42 + 2 * i, size));
    // Random bytes: the file is large enough for the header to be possible.
    const padding = crypto.getRandomValues(new Uint8Array(1 << 16));
    const file = gzipSync(Buffer.concat([header, ...Array(32).fill(padding)]));
    Deno.writeFileSync(at("b.nii.gz"), new Uint8Array(file));
    const start = performance.now();
    await refuses(
      () => openNiftiImage(at("b.nii.gz")),
      /at most 1073741824 bytes is required, found 1258291552 bytes after decompression/,
    );
    assert.ok(performance.now() - start < 5000);
  });
});
