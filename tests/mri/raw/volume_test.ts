/** 3-D scans, sizes of images, and where they lie. */
import assert from "node:assert/strict";
import { Assembler } from "../../../src/mri/raw/assembler.ts";
import type { RawBin } from "../../../src/mri/raw/bin.ts";
import { binShape } from "../../../src/mri/raw/layout.ts";
import { sliceOrder, volumeGeometry } from "../../../src/mri/raw/geometry.ts";
import { rawLayout } from "../../../src/mri/raw/layout.ts";
import { resampleW } from "../../../src/mri/physics/resample.ts";
import { flagBits, type Triple } from "../../../src/mrd/values.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { naiveDftH, randomArray, relativeError } from "../support.ts";
import { acquisitionHeader, encodingOf, lineOf, mrdHeader } from "./support.ts";
import { runtime } from "../../runtime.ts";

/** The inverse transform along W of `[2, H, W]`, by its definition. */
function inverseW({ data, shape: [, height, width] }: NdArray): Float64Array {
  const turned = new Float32Array(data.length);
  const swap = (from: ArrayLike<number>, to: { [i: number]: number }, [h, w]: number[]) => {
    for (let part = 0; part < 2; part++) {
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          to[part * h * w + x * h + y] = from[part * h * w + y * w + x];
        }
      }
    }
  };
  swap(data, turned, [height, width]);
  const pixels = naiveDftH({ data: turned, shape: [2, width, height] }, 1);
  const back = new Float64Array(data.length);
  swap(pixels, back, [width, height]);
  return back;
}

for (const [coils, height, depth, width, kept] of [[2, 5, 3, 8, 4], [1, 4, 6, 7, 7]]) {
  Deno.test(`the readout of ${width} x ${height} x ${depth} is decoupled, ${kept} pixels kept`, async () => {
    // One array of all lines: row (partition, row) of [C, 2, D H, W].
    const kspace = randomArray([coils, 2, depth * height, width]);
    const assembler = new Assembler(mrdHeader({
      matrix: [width, height, depth],
      recon: [kept, height, depth],
      reconFieldOfView: [kept, height, depth],
    }));
    for (let line = 0; line < depth * height; line++) {
      const idx = {
        kspaceEncodeStep1: line % height,
        kspaceEncodeStep2: Math.floor(line / height),
      };
      assert.deepEqual(assembler.push(lineOf(kspace, line, { idx })), []);
    }
    const [bin] = assembler.flush();
    assert.equal(bin.slices, kept);
    const left = Math.floor(width / 2) - Math.floor(kept / 2);
    const plane = depth * height * width;
    for (let coil = 0; coil < coils; coil++) {
      const data = kspace.data.subarray(2 * coil * plane, 2 * (coil + 1) * plane);
      const pixels = inverseW({ data, shape: [2, depth * height, width] });
      for (let x = 0; x < kept; x++) {
        const slice = await bin.readSlice(runtime, x);
        assert.deepEqual(slice.shape, [coils, 2, height, depth]);
        const expected = Array.from({ length: 2 * height * depth }, (_, i) => {
          const part = Math.floor(i / (height * depth));
          const row = Math.floor(i / depth) % height, partition = i % depth;
          return pixels[part * plane + (partition * height + row) * width + left + x];
        });
        const found = slice.data.subarray(
          2 * coil * height * depth,
          2 * (coil + 1) * height * depth,
        );
        assert.ok(relativeError(found, expected) < 1e-5, `coil ${coil}, pixel ${x}`);
      }
    }
    await assert.rejects(bin.readSlice(runtime, kept), RangeError);
  });
}

Deno.test("separate calibration lines of a 3-D scan serve all its repetitions", async () => {
  const [height, depth, width] = [4, 6, 8];
  const kspace = randomArray([2, 2, depth * height, width]);
  const parallelImaging = { acceleration: [2, 1], calibrationMode: "separate" } as const;
  const assembler = new Assembler(mrdHeader({ matrix: [width, height, depth], parallelImaging }));
  const push = (line: number, flags: bigint, repetition: number) => {
    const idx = {
      kspaceEncodeStep1: line % height,
      kspaceEncodeStep2: Math.floor(line / height),
      repetition,
    };
    return assembler.push(lineOf(kspace, line, { flags, idx }));
  };
  const bins: RawBin[] = [];
  for (let line = 0; line < height * depth; line++) push(line, flagBits("calibration"), 0);
  for (const repetition of [0, 1]) {
    for (let line = 0; line < height * depth; line += 2) {
      bins.push(...push(line, 0n, repetition));
    }
  }
  bins.push(...assembler.flush());
  const blocks: NdArray[] = [];
  for (const bin of bins) {
    await bin.readSlice(runtime, 0);
    blocks.push((await bin.readCalibration(runtime, 3))!);
  }
  assert.deepEqual(blocks.map(({ shape }) => shape), Array(2).fill([2, 2, height, depth]));
  assert.deepEqual(blocks[1], blocks[0]);
});

Deno.test("what is oversampled is cropped, and the rest interpolated to the wanted matrix", () => {
  const layout = rawLayout(
    encodingOf({
      matrix: [512, 140, 1],
      fieldOfView: [600, 350, 6],
      recon: [256, 160, 1],
      reconFieldOfView: [300, 300, 6],
    }),
    0,
  );
  assert.deepEqual(binShape(layout), {
    slices: 1,
    height: 140,
    width: 512,
    imageSize: [120, 256], // 140 lines over 350 mm: 120 of them over 300 mm
    outputSize: [160, 256],
  });
});

Deno.test("a field of view larger than what was encoded is cut to that", () => {
  const layout = rawLayout(
    encodingOf({
      matrix: [64, 50, 1],
      fieldOfView: [200, 100, 5],
      recon: [64, 64, 1],
      reconFieldOfView: [200, 128, 5],
    }),
    0,
  );
  assert.deepEqual(binShape(layout).outputSize, [50, 64]);
  assert.equal(layout.y.extent, 100);
});

for (const [from, to] of [[8, 16], [7, 12], [12, 7], [16, 8], [9, 9]]) {
  Deno.test(`resampleW() keeps a smooth image on its way from ${from} to ${to} pixels`, async () => {
    // A constant and one period over the field of view, in both grids centred at floor(n / 2).
    const sampled = (n: number) => {
      const centre = Math.floor(n / 2);
      const data = Float32Array.from({ length: 2 * n }, (_, i) => {
        const angle = 2 * Math.PI * (i % n - centre) / n;
        return i < n ? 1 + 0.5 * Math.cos(angle) : 0.25 * Math.sin(angle);
      });
      return { data, shape: [2, 1, n] };
    };
    const program = await runtime.build(
      { x: [2, 1, from] },
      ({ x }) => ({ y: resampleW(x, to) }),
    );
    const { y } = await program.run({ x: sampled(from) });
    assert.ok(relativeError(y.data, sampled(to).data) < 1e-5);
  });
}

/** The point in RAS that an affine gives for a voxel. */
function point(affine: readonly number[], voxel: readonly number[]): number[] {
  return [0, 1, 2].map((i) =>
    [...voxel, 1].reduce((sum, value, j) => sum + affine[4 * i + j] * value, 0)
  );
}

function near(found: readonly number[], expected: readonly number[]) {
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-4, `${found}`));
}

// An oblique slice: columns of an orthogonal matrix.
const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
const READ: Triple = [c, s, 0],
  PHASE: Triple = [-s * c, c * c, s],
  SLICE: Triple = [s * s, -s * c, c];

Deno.test("the position is the centre: pixel floor(n / 2) lies there, in RAS", () => {
  const layout = rawLayout(
    encodingOf({
      matrix: [64, 33, 1],
      fieldOfView: [128, 66, 5],
      recon: [32, 33, 1],
      reconFieldOfView: [64, 66, 5],
    }),
    0,
  );
  const place = { readDir: READ, phaseDir: PHASE, sliceDir: SLICE };
  const position: Triple = [10, -20, 30];
  const { affine, known } = volumeGeometry([acquisitionHeader({ ...place, position })], layout);
  assert.ok(known);
  near(point(affine, [16, 16, 0]), [-10, 20, 30]);
  near(point(affine, [17, 16, 0]), [-10 - 2 * c, 20 - 2 * s, 30]);
  near(point(affine, [16, 17, 0]), [-10 + 2 * s * c, 20 - 2 * c * c, 30 + 2 * s]);
  near(point(affine, [16, 16, 1]), [-10 - 5 * s * s, 20 + 5 * s * c, 30 + 5 * c]);
});

Deno.test("slices are ordered and spaced as they lie, whatever their numbers", () => {
  const layout = rawLayout(encodingOf({ matrix: [8, 8, 1], fieldOfView: [80, 80, 4] }), 0);
  const at = (mm: number) =>
    acquisitionHeader({
      readDir: READ,
      phaseDir: PHASE,
      sliceDir: SLICE,
      position: [SLICE[0] * mm, SLICE[1] * mm, SLICE[2] * mm],
    });
  const interleaved = [at(0), at(10), at(5), at(15)];
  assert.deepEqual(sliceOrder(interleaved), [0, 2, 1, 3]);
  const ordered = sliceOrder(interleaved).map((i) => interleaved[i]);
  const { affine, known } = volumeGeometry(ordered, layout);
  assert.ok(known);
  near(point(affine, [4, 4, 3]), [-15 * SLICE[0], -15 * SLICE[1], 15 * SLICE[2]]);
  // Three slices across each other have no single affine.
  const crossed = [
    at(0),
    acquisitionHeader({
      readDir: [0, 1, 0],
      phaseDir: [0, 0, 1],
      sliceDir: [1, 0, 0],
      position: [3, 4, 5],
    }),
    at(9),
  ];
  assert.equal(volumeGeometry(crossed, layout).known, false);
  const nowhere = acquisitionHeader({
    readDir: [0, 0, 0],
    phaseDir: [0, 0, 0],
    sliceDir: [0, 0, 0],
  });
  const unknown = volumeGeometry([nowhere], layout);
  assert.deepEqual(unknown, {
    affine: [10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1],
    known: false,
    sliceThickness: 4,
  });
});

Deno.test("a 3-D volume has the readout as its slices, centred at the position", () => {
  const layout = rawLayout(encodingOf({ matrix: [8, 6, 4], fieldOfView: [80, 30, 8] }), 0);
  const { affine } = volumeGeometry(
    [acquisitionHeader({ readDir: READ, phaseDir: PHASE, sliceDir: SLICE, position: [1, 2, 3] })],
    layout,
  );
  near(point(affine, [2, 3, 4]), [-1, -2, 3]); // column z, row y, slice x
  near(point(affine, [2, 3, 5]), [-1 - 10 * READ[0], -2 - 10 * READ[1], 3 + 10 * READ[2]]);
  near(point(affine, [3, 3, 4]), [-1 - 2 * SLICE[0], -2 - 2 * SLICE[1], 3 + 2 * SLICE[2]]);
});
