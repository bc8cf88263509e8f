import assert from "node:assert/strict";
import { kspaceFromArray, reconstruct } from "../../../mod.ts";
import { echoProfiles, echoShift, withEchoPhase } from "../../../src/mri/calibration/echo.ts";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { constantOf, gather } from "../../../src/graph/mod.ts";
import { dft2, dftW } from "../../../src/mri/physics/dft.ts";
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import { runtime } from "../../runtime.ts";
import { relativeError } from "../support.ts";
import { scene } from "./calibration_support.ts";

const SIZE = { coils: 4, height: 64, width: 60, sigma: 0.01 };

/** K-space rolled by rows and columns. */
function rolled({ data, shape }: NdArray, rows: number, columns: number): NdArray {
  const [height, width] = shape.slice(-2);
  const at = (i: number, size: number) => (i % size + size) % size;
  return ndarray(
    data.map((_, i) => {
      const plane = i - i % (height * width);
      const y = at(Math.floor((i - plane) / width) - rows, height);
      return data[plane + y * width + at(i % width - columns, width)];
    }),
    shape,
  );
}

for (const [rows, columns] of [[0, 8], [0, -3], [3, 0], [-4, 7]]) {
  Deno.test(`an echo ${rows} rows and ${columns} columns off the centre costs nothing`, async () => {
    const { kspace } = await scene(runtime, SIZE);
    const imageOf = (kspace: NdArray) => {
      using file = kspaceFromArray(kspace);
      const options = { method: "tv", mask: "equispaced:R=2,acs=20", device: runtime } as const;
      return reconstruct(file, options);
    };
    const [centred, moved] = [await imageOf(kspace), await imageOf(rolled(kspace, rows, columns))];
    const difference = Math.abs(moved.metrics!.head.psnr! - centred.metrics!.head.psnr!);
    // Another part of k-space is undersampled where rows are off.
    assert.ok(difference < (rows === 0 ? 0.2 : 1), `${difference} dB`);
    // The image comes back with its linear phase.
    const [, , height, width] = moved.complex.shape;
    const program = await runtime.build({ x: moved.complex.shape }, ({ x }) => ({
      spectrum: dft2(x, "forward"),
    }));
    const { spectrum } = await program.run({ x: moved.complex });
    const energy = (i: number) => spectrum.data[i] ** 2 + spectrum.data[height * width + i] ** 2;
    const all = Array.from({ length: height * width }, (_, i) => energy(i));
    const peak = all.indexOf(Math.max(...all));
    assert.ok(Math.abs(Math.floor(peak / width) - height / 2 - rows) <= 1);
    assert.ok(Math.abs(peak % width - width / 2 - columns) <= 1);
  });
}

Deno.test("echoShift() finds whole samples off the centre, on lines and in the plane", async () => {
  const { kspace } = await scene(runtime, SIZE);
  for (const text of ["equispaced:R=3,acs=16", "poisson:R=3,acs=20", "equispaced:R=3,acs=0"]) {
    const spec = parseMaskSpec(text);
    assert.ok(spec.kind !== "file");
    const mask = makeMask(spec, SIZE.height, SIZE.width);
    const found = async (rows: number, columns: number) => {
      const moved = rolled(kspace, rows, columns);
      const program = await runtime.build({ kspace: moved.shape }, ({ kspace }) => {
        const lines = constantOf(BigInt64Array.from(mask.lines, BigInt), [mask.rows]);
        const samples = mask.isLines ? gather(dftW(kspace, "inverse"), lines, 2) : kspace;
        const { rows, columns } = echoProfiles(samples, mask);
        return { rows, columns };
      });
      return echoShift(await program.run({ kspace: moved }), mask);
    };
    assert.equal(await found(0, 0), undefined, text);
    const shift = (await found(0, 5))!;
    assert.deepEqual([Math.abs(shift[0]), shift[1]], [0, 5], text);
  }
});

Deno.test("withEchoPhase() moves k-space by whole samples, and back", async () => {
  const { kspace } = await scene(runtime, { ...SIZE, height: 31 });
  const program = await runtime.build({ kspace: kspace.shape }, ({ kspace }) => {
    const image = withEchoPhase(dft2(kspace, "inverse"), [2, -5]);
    return { moved: dft2(image, "forward"), back: dft2(withEchoPhase(image, [-2, 5]), "forward") };
  });
  const { moved, back } = await program.run({ kspace });
  assert.ok(relativeError(moved.data, rolled(kspace, 2, -5).data) < 1e-5);
  assert.ok(relativeError(back.data, kspace.data) < 1e-5);
});
