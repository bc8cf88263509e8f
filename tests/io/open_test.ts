import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { InputError } from "../../src/errors.ts";
import { detectFormat } from "../../src/io/detect.ts";
import { openImage, openKspace } from "../../src/io/open.ts";
import { fixture, inFolder, refuses, sharedData } from "./support.ts";

Deno.test("detectFormat() goes by content, whatever the name", async () => {
  await inFolder((at) => {
    const contents = {
      npy: Deno.readFileSync(fixture("npy/kspace_c8.npy")),
      nifti: Deno.readFileSync(fixture("nifti/kspace_complex64.nii.gz")),
      hdf5: new Uint8Array([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0]),
      "bart-cfl": new TextEncoder().encode("# Dimensions\n1 2\n"),
    };
    for (const [format, bytes] of Object.entries(contents)) {
      for (const name of ["a", "a.h5", "a.nii", "a.npy"]) {
        Deno.writeFileSync(at(name), bytes);
        assert.equal(detectFormat(at(name)), format);
      }
    }
    const withUserBlock = new Uint8Array(3000);
    withUserBlock.set(contents.hdf5, 2048);
    Deno.writeFileSync(at("a"), withUserBlock);
    assert.equal(detectFormat(at("a")), "hdf5");
  });
  for (const name of ["float32_big.nii", "int64_nifti2_big.nii", "uint8_qform.nii.gz"]) {
    assert.equal(detectFormat(fixture(`nifti/${name}`)), "nifti");
  }
  for (const name of ["kspace", "kspace.cfl", "kspace.hdr"]) {
    assert.equal(detectFormat(fixture(`cfl/${name}`)), "bart-cfl");
  }
});

Deno.test("An unknown file is refused with the formats understood and its first bytes", async () => {
  await inFolder(async (at) => {
    const refused = async (bytes: Uint8Array, message: RegExp, hint?: RegExp) => {
      Deno.writeFileSync(at("x.npy"), bytes);
      await refuses(() => detectFormat(at("x.npy")), message);
      if (hint === undefined) return;
      assert.throws(() => detectFormat(at("x.npy")), (e: InputError) => hint.test(e.hint ?? ""));
    };
    await refused(
      new TextEncoder().encode("hello"),
      /HDF5.*BART.*NIfTI.* begins with 68 65 6c 6c 6f$/,
    );
    await refused(gzipSync(new Uint8Array(1000)), /begins with 1f 8b/);
    await refused(Uint8Array.of(0x1f, 0x8b, 1), /begins with 1f 8b 01/);
    await refused(new TextEncoder().encode("PK\x03\x04...."), /50 4b/, /\.npz/);
    await refused(new TextEncoder().encode("MATLAB 5.0 MAT-file"), /4d 41/, /v7\.3/);
    Deno.writeFileSync(at("x.cfl"), new Uint8Array(16));
    await refuses(() => detectFormat(at("x.cfl")), /begins with 00/);
  });
});

Deno.test("What is missing, empty or a folder is refused by all who open", async () => {
  await inFolder(async (at) => {
    Deno.writeFileSync(at("empty.npy"), new Uint8Array());
    for (const open of [openKspace, openImage]) {
      await refuses(() => open(at("missing.h5")), /missing\.h5: no such file/);
      await refuses(() => open(at("empty.npy")), /empty\.npy: the file is empty/);
      await refuses(() => open(at("")), /a file is required, found a folder/);
    }
  });
});

Deno.test("openKspace() opens every plain format", async () => {
  for (const name of ["npy/kspace_c8.npy", "cfl/kspace", "nifti/kspace_complex64.nii.gz"]) {
    using file = await openKspace(fixture(name), { domain: "kspace" });
    const { shape } = await file.readSlice(file.slices - 1);
    assert.deepEqual([...shape], [file.coils, 2, file.height, file.width]);
  }
});

Deno.test("openKspace() opens the shared fastMRI file", async () => {
  const path = sharedData("kspace/brain7_fastmri.h5");
  if (path === undefined) return;
  using file = await openKspace(path);
  assert.deepEqual([file.slices, file.coils], [1, 7]);
  assert.equal(file.format, "fastmri-hdf5");
});

Deno.test("A NIfTI is an image unless it is said to be k-space", async () => {
  const path = fixture("nifti/kspace_complex64.nii.gz");
  await refuses(() => openKspace(path), /k-space is required, found an image/);
  await assert.rejects(openKspace(path), (error: InputError) => {
    return /--simulate/.test(error.hint!) && /--domain kspace/.test(error.hint!);
  });
  using image = await openImage(path);
  assert.deepEqual([image.complex, image.slices], [true, 6]);
  using npy = await openImage(fixture("npy/image_i2_big.npy"));
  assert.equal(npy.slices, 2);
  await refuses(
    () => openImage(fixture("cfl/kspace")),
    /NIfTI or \.npy is required, found bart-cfl/,
  );
});
