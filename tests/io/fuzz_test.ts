import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { sizeOf } from "../../src/ndarray.ts";
import { readMapsFile } from "../../src/io/maps_file.ts";
import { readMaskFile } from "../../src/io/mask_file.ts";
import { openImage, openKspace } from "../../src/io/open.ts";
import { fixture, inFolder } from "./support.ts";

/** Damaged files of each kind. */
const RUNS = 250;
/** Headers are where damage does harm; all fixtures hold theirs within this. */
const HEADER_BYTES = 600;

const VICTIMS = [
  "npy/kspace_c8_fortran.npy",
  "npy/kspace_c16_big_v2.npy",
  "npy/image_i2_big.npy",
  "npy/mask_bool.npy",
  "nifti/int16_scaled_sform.nii",
  "nifti/int32_nifti2.nii",
  "nifti/float32_big.nii",
  "nifti/kspace_complex64.nii.gz",
  "nifti/kspace_complex128_nifti2.nii",
  "cfl/kspace.hdr",
];

/** Some bytes replaced, then perhaps cut. */
const damage = fc.record({
  bytes: fc.array(
    fc.tuple(fc.nat(HEADER_BYTES), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x30, 0x39, 0xff))),
    { maxLength: 6 },
  ),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
});

/** Every way in; each must end in an InputError or in arrays of the shape that was announced. */
const READERS = [
  async (path: string) => {
    using file = await openKspace(path, { domain: "kspace" });
    const { data, shape } = await file.readSlice(file.slices - 1);
    assert.deepEqual([...shape], [file.coils, 2, file.height, file.width]);
    assert.equal(data.length, sizeOf(shape));
  },
  async (path: string) => {
    using file = await openImage(path);
    const { data, shape } = await file.readSlice(file.slices - 1);
    assert.deepEqual([...shape], [2, file.rows, file.columns]);
    assert.equal(data.length, sizeOf(shape));
    assert.ok(file.geometry?.affine.every(Number.isFinite) ?? true);
  },
  (path: string) => {
    const mask = readMaskFile(path);
    if (mask.kind === "plane") assert.equal(mask.values.length, mask.rows * mask.columns);
    assert.ok(mask.values.every((value) => value <= 1));
  },
  (path: string) => {
    const { data, shape } = readMapsFile(path);
    assert.equal(shape.length, 6);
    assert.ok(data.every(Number.isFinite));
  },
];

for (const victim of VICTIMS) {
  Deno.test(`Damage to ${victim} ends in an InputError or in sane arrays`, async () => {
    const whole = Deno.readFileSync(fixture(victim));
    await inFolder(async (at) => {
      const path = at(victim.endsWith(".hdr") ? "k.hdr" : "x");
      if (victim.endsWith(".hdr")) Deno.copyFileSync(fixture("cfl/kspace.cfl"), at("k.cfl"));
      const survives = fc.asyncProperty(damage, async ({ bytes, keep }) => {
        const damaged = whole.slice(0, Math.ceil(keep * whole.length));
        for (const [position, value] of bytes) damaged[position % whole.length] = value;
        Deno.writeFileSync(path, damaged);
        for (const read of READERS) {
          try {
            await read(path);
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
          }
        }
      });
      await fc.assert(survives, { numRuns: RUNS });
    });
  });
}
