import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { kspaceFromArray, kspaceFromSlices } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { openReconstruction } from "../../src/recon/stream.ts";
import type { ReconstructOptions } from "../../src/recon/types.ts";
import { makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { interleave } from "../../src/io/planar.ts";
import { runtime } from "../runtime.ts";

const SIZE = 32, COILS = 4, SLICES = 3;
const MASK = "equispaced:R=2,acs=12";
const SENSE = { method: "sense", mask: MASK, device: "cpu" } as const;

/** Three different slices in one array `[slice, coil, 2, H, W]`. */
async function volume(): Promise<NdArray> {
  const data = new Float32Array(SLICES * COILS * 2 * SIZE * SIZE);
  for (let slice = 0; slice < SLICES; slice++) {
    using kspace = await simulatedBrain({ size: SIZE, coils: COILS, seed: slice });
    data.set((await kspace.readSlice(0)).data, slice * data.length / SLICES);
  }
  return ndarray(data, [SLICES, COILS, 2, SIZE, SIZE]);
}

Deno.test("a stream gives slice by slice what reconstruct() gives at once, with one compiled graph", async () => {
  using kspace = kspaceFromArray(await volume());
  const whole = await reconstruct(kspace, { ...SENSE, device: runtime });
  const compiled = runtime.size;
  let count = 0;
  for await (const slice of openReconstruction(kspace, { ...SENSE, device: runtime })) {
    const size = slice.magnitude.data.length;
    assert.equal(slice.index, count);
    assert.deepEqual(
      slice.magnitude.data,
      whole.magnitude.data.slice(count * size, ++count * size),
    );
    assert.deepEqual(slice.maps!.shape, [COILS, 2, SIZE, SIZE]);
  }
  assert.equal(count, SLICES);
  assert.equal(runtime.size, compiled, "nothing was compiled again");
});

Deno.test("a stream reads only the slices that are asked for, and is left early", async () => {
  const array = await volume();
  const read: number[] = [];
  const size = array.data.length / SLICES;
  using kspace = kspaceFromSlices({
    slices: 1000,
    coils: COILS,
    height: SIZE,
    width: SIZE,
    readSlice: (index) => {
      read.push(index);
      const start = (index % SLICES) * size;
      return ndarray(array.data.slice(start, start + size), [COILS, 2, SIZE, SIZE]);
    },
  });
  for await (const { index } of openReconstruction(kspace, SENSE)) if (index === 1) break;
  assert.deepEqual(read, [0, 1]);
  await using stream = openReconstruction(kspace, SENSE);
  assert.equal((await stream.slice(700)).index, 700);
  await assert.rejects(stream.slice(1000), UsageError);
  assert.deepEqual(read, [0, 1, 700]);
});

Deno.test("kspaceFromArray() takes planar and interleaved numbers, either axis the readout", async () => {
  const [rows, columns] = [3, 5];
  const planar = ndarray(
    Float32Array.from({ length: 2 * 2 * 2 * rows * columns }, (_, i) => i),
    [2, 2, 2, rows, columns],
  );
  const interleaved = { data: interleave(planar), shape: [2, 2, rows, columns] };
  for (const readout of ["columns", "rows"] as const) {
    using a = kspaceFromArray(planar, { readout });
    using b = kspaceFromArray(interleaved, { readout, layout: "interleaved" });
    assert.deepEqual([a.height, a.width], readout === "rows" ? [columns, rows] : [rows, columns]);
    assert.deepEqual(await a.readSlice(1), await b.readSlice(1));
    const { data } = await a.readSlice(0);
    // Row 1, column 2 of the first coil's real part.
    assert.equal(data[readout === "rows" ? 2 * rows + 1 : 1 * columns + 2], 1 * columns + 2);
  }
  using single = kspaceFromArray(ndarray(new Float32Array(24), [2, 2, 2, 3]));
  assert.equal(single.slices, 1);
});

Deno.test("kspaceFromArray() refuses other shapes and numbers that are not finite", async () => {
  for (const shape of [[8], [2, 4], [1, 1, 4, 2], [1, 2, 3, 2, 2]]) {
    assert.throws(
      () => kspaceFromArray(ndarray(new Float32Array(shape.reduce((a, b) => a * b)), shape)),
      /planar k-space: .* is required, found \[/,
    );
  }
  using kspace = kspaceFromArray(ndarray(new Float32Array(8).fill(NaN), [1, 2, 2, 2]));
  await assert.rejects(kspace.readSlice(0), /finite/);
  await assert.rejects(kspace.readSlice(1), RangeError);
});

Deno.test("coil maps come out, and go in again as an array", async () => {
  using kspace = kspaceFromArray(await volume());
  const options = { ...SENSE, audit: "none" } as const;
  const first = await reconstruct(kspace, options);
  assert.deepEqual(first.maps!.shape, [SLICES, COILS, 2, SIZE, SIZE]);
  const again = await reconstruct(kspace, { ...options, maps: first.maps });
  // Given maps are brought to unit sum of squares; those of ESPIRiT are weaker at the edge.
  const energy = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
  const change = first.magnitude.data.map((value, i) => value - again.magnitude.data[i]);
  assert.ok(energy(change) < 0.1 * energy(first.magnitude.data));
  assert.equal((await reconstruct(kspace, { ...options, keepMaps: false })).maps, undefined);
  assert.equal((await reconstruct(kspace, { ...options, method: "rss" })).maps, undefined);
  await assert.rejects(
    reconstruct(kspace, { ...options, maps: ndarray(new Float32Array(4), [4]) }),
    /\[slices, sets, C, 2, H, W\] is required, found \[4\]/,
  );
});

Deno.test("a mask is taken as an object, of the right size only", async () => {
  using kspace = await simulatedBrain({ size: SIZE, coils: COILS });
  const spec = parseMaskSpec(MASK);
  assert.ok(spec.kind !== "file");
  const named = await reconstruct(kspace, SENSE);
  const given = await reconstruct(kspace, { ...SENSE, mask: makeMask(spec, SIZE, SIZE) });
  assert.deepEqual(given.magnitude, named.magnitude);
  await assert.rejects(
    reconstruct(kspace, { ...SENSE, mask: makeMask(spec, SIZE + 2, SIZE) }),
    /32 x 32 samples are required, found 34 x 32/,
  );
});

Deno.test("a misspelt option, method or setting is refused with a suggestion", async () => {
  using kspace = await simulatedBrain({ size: SIZE, coils: COILS });
  const refused: [ReconstructOptions, RegExp][] = [
    // @ts-expect-error: no such option
    [{ methd: "sense" }, /Did you mean method\?/],
    [{ method: "sence" }, /Did you mean sense\?/],
    // @ts-expect-error: no such setting
    [{ method: "diffpir", settings: { sigmaMxa: 3 } }, /Did you mean sigmaMax\?/],
    [{ method: "sense", settings: { eta: 3 } }, /^$/],
  ];
  for (const [options, hint] of refused) {
    assert.throws(() => openReconstruction(kspace, options), (error: UsageError) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.hint ?? "", hint);
      return true;
    });
    await assert.rejects(reconstruct(kspace, options), UsageError);
  }
});
