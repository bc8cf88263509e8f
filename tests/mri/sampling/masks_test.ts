import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import {
  detectMask,
  type GeneratedMaskSpec,
  makeMask,
  maskFromLines,
  maskFromPlane,
  parseMaskSpec,
  type SamplingMask,
} from "../../../src/mri/sampling/masks.ts";
import { zeros } from "../../../src/ndarray.ts";

/** Sizes that fast-check takes: odd, even and prime. */
const size = fc.integer({ min: 1, max: 64 });

function make(text: string, height: number, width = 8): SamplingMask {
  const spec = parseMaskSpec(text);
  assert.notEqual(spec.kind, "file");
  return makeMask(spec as GeneratedMaskSpec, height, width);
}

function kept(mask: { readonly values: Uint8Array }): number[] {
  return Array.from(mask.values.keys()).filter((line) => mask.values[line] === 1);
}

function centred(lines: number, acs: number): number[] {
  const start = Math.floor(lines / 2) - Math.floor(acs / 2);
  return Array.from({ length: acs }, (_, i) => start + i);
}

Deno.test("makeMask() keeps every R-th line from line 0 and the centred lines", () => {
  const mask = make("equispaced:R=4,acs=5", 17);
  assert.deepEqual(kept(mask), [0, 4, 6, 7, 8, 9, 10, 12, 16]);
  assert.equal(mask.acceleration, 17 / 9);
  assert.equal(mask.spec, "equispaced:R=4,acs=5");
  assert.deepEqual(kept(make("equispaced:R=3,acs=2", 8)), [0, 3, 4, 6]);
});

Deno.test("makeMask() keeps the lines of the definition of equispaced for any size", () => {
  fc.assert(fc.property(size, fc.integer({ min: 1, max: 9 }), fc.nat(64), (lines, R, acs) => {
    fc.pre(acs <= lines);
    const mask = make(`equispaced:R=${R},acs=${acs}`, lines);
    const expected = Array.from({ length: Math.ceil(lines / R) }, (_, i) => i * R);
    assert.deepEqual(
      kept(mask),
      [...new Set([...expected, ...centred(lines, acs)])].sort((a, b) => a - b),
    );
    assert.equal(mask.acceleration, lines / kept(mask).length);
    assert.equal(mask.acs, kept(mask).length === lines ? lines : acs);
    const { start, count } = mask.calibration;
    assert.deepEqual(Array.from({ length: count }, (_, i) => start + i), centred(lines, mask.acs));
  }));
});

Deno.test("makeMask() keeps the centred lines and n / R lines on average at random", () => {
  const lines = 101, acs = 8, R = 4, masks = 400;
  let total = 0;
  for (let seed = 0; seed < masks; seed++) {
    const mask = make(`random:R=${R},acs=${acs},seed=${seed}`, lines);
    assert.ok(centred(lines, acs).every((line) => mask.values[line] === 1));
    assert.equal(mask.acs, acs);
    total += kept(mask).length;
  }
  // The other 93 lines are Bernoulli with p = 0.185; the bound is five standard errors of the mean.
  const p = (lines / R - acs) / (lines - acs);
  const error = Math.sqrt((lines - acs) * p * (1 - p) / masks);
  assert.ok(Math.abs(total / masks - lines / R) < 5 * error, `mean ${total / masks}`);
});

Deno.test("makeMask() gives the same random mask for the same seed only", () => {
  for (const kind of ["random", "poisson"]) {
    const mask = (seed: number) => kept(make(`${kind}:R=3,acs=6,seed=${seed}`, 61, 40));
    assert.deepEqual(mask(1), mask(1));
    assert.notDeepEqual(mask(1), mask(2));
  }
});

Deno.test("makeMask() keeps the first part of the lines for partial Fourier", () => {
  const mask = make("partial:fraction=0.75", 16);
  assert.deepEqual(kept(mask), Array.from({ length: 12 }, (_, i) => i));
  assert.equal(mask.acs, 8); // lines 4 to 11
  assert.deepEqual(kept(make("partial:fraction=0.625,acs=6", 8)), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(kept(make("partial:fraction=0.51", 2)), [0, 1]);
  assert.equal(make("partial:fraction=1", 9).acs, 9);
});

Deno.test("makeMask() keeps the line of the k-space centre for any partial Fourier", () => {
  const fractions = fc.double({ min: 0.501, max: 1, noNaN: true });
  fc.assert(fc.property(size, fractions, (lines, fraction) => {
    const mask = make(`partial:fraction=${fraction}`, lines);
    assert.equal(mask.values[Math.floor(lines / 2)], 1);
    assert.ok(mask.acs >= 1);
  }));
});

Deno.test("makeMask() keeps all lines for full and for R=1", () => {
  for (const text of ["full", "equispaced:R=1,acs=0", "random:R=1,acs=0", "random:R=1,acs=7"]) {
    const mask = make(text, 7);
    assert.deepEqual([mask.acceleration, mask.acs, kept(mask).length], [1, 7, 7]);
  }
});

Deno.test("makeMask() refuses more calibration lines than there are lines", () => {
  assert.throws(() => make("equispaced:R=4,acs=24", 20), {
    name: "UsageError",
    message:
      "Cannot make mask 'equispaced:R=4,acs=24' for 20 x 8: acs of at most 20 is required, found 24",
  });
  assert.throws(() => make("poisson:R=4,acs=9", 20, 8), /acs of at most 8 is required/);
});

Deno.test("makeMask() refuses an R that the calibration lines put out of reach", () => {
  assert.throws(() => make("random:R=8,acs=24", 96), /R of at most 4.00 is required, found 8/);
  assert.throws(() => make("poisson:R=8,acs=4", 8, 8), /R of at most 4.00 is required, found 8/);
});

Deno.test("makeMask() refuses a random mask that keeps no line", () => {
  assert.throws(() => make("random:R=1e9,acs=0", 16), /at least one line is required, found none/);
});

Deno.test("makeMask() meets the acceleration and the square of a Poisson disc for any size", () => {
  const acceleration = fc.double({ min: 1, max: 12, noNaN: true });
  fc.assert(
    fc.property(size, size, acceleration, fc.nat(), (height, width, R, seed) => {
      const target = Math.max(1, Math.round(height * width / R));
      const acs = Math.min(height, width, Math.floor(Math.sqrt(target)), 5);
      const mask = make(`poisson:R=${R},acs=${acs},seed=${seed}`, height, width);
      assert.ok(!mask.isLines);
      assert.equal(kept(mask).length, target);
      for (const y of centred(height, acs)) {
        for (const x of centred(width, acs)) assert.equal(mask.values[y * width + x], 1);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("makeMask() comes within 1 % of the acceleration of a Poisson disc on real sizes", () => {
  for (const [height, width] of [[256, 256], [216, 230], [101, 128]]) {
    for (const R of [2, 4, 6, 12]) {
      const { acceleration } = make(`poisson:R=${R},acs=24,seed=1`, height, width);
      assert.ok(Math.abs(acceleration / R - 1) < 0.01, `${acceleration} is not ${R}`);
    }
  }
});

Deno.test("makeMask() keeps Poisson-disc samples apart, further at the edge than at the centre", () => {
  const height = 96, width = 128, acs = 12;
  const mask = make(`poisson:R=8,acs=${acs},seed=3`, height, width);
  const inSquare = (y: number, x: number) =>
    centred(height, acs).includes(y) && centred(width, acs).includes(x);
  const points = kept(mask).map((i) => [Math.floor(i / width), i % width])
    .filter(([y, x]) => !inSquare(y, x));
  const nearest = points.map((a) => {
    const distances = points.filter((b) => a !== b).map((b) =>
      Math.hypot(a[0] - b[0], a[1] - b[1])
    );
    return { radius: Math.hypot(a[0] - 48, a[1] - 64), distance: Math.min(...distances) };
  });
  // Without a Poisson disc one in three random points would touch an edge neighbour.
  assert.ok(nearest.every(({ distance }) => distance > 1));
  const mean = (from: number, to: number) => {
    const ring = nearest.filter(({ radius }) => radius >= from && radius < to);
    return ring.reduce((sum, { distance }) => sum + distance, 0) / ring.length;
  };
  assert.ok(mean(40, 48) > 1.5 * mean(8, 16), `${mean(40, 48)} and ${mean(8, 16)}`);
});

Deno.test("maskFromLines() counts the calibration lines around the k-space centre", () => {
  const lines = [1, 0, 0, 1, 1, 1, 0, 0, 1];
  const mask = maskFromLines(lines, 12);
  assert.deepEqual(
    { ...mask, values: Array.from(mask.values) },
    {
      isLines: true,
      height: 9,
      width: 12,
      values: lines,
      spec: "file",
      acs: 3,
      acsStart: 3,
      partial: undefined,
      support: undefined,
      columns: undefined,
      kept: 5,
      size: 9,
      lines: [0, 3, 4, 5, 8],
    },
  );
  assert.equal(mask.acceleration, 9 / 5);
  assert.deepEqual(mask.calibration, { start: 3, left: 5, count: 3 });
  assert.equal(maskFromLines([1, 1, 0, 1], 4, "data").acs, 0);
  assert.deepEqual(maskFromLines([1, 1, 1, 1], 4).calibration, { start: 0, left: 0, count: 4 });
  assert.equal(maskFromLines([0, -1, 0.5, 0], 4).acs, 2);
});

Deno.test("calibration lines beside the centre count where those about it are too few", () => {
  const lines = (from: number, to: number) =>
    maskFromLines(Array.from({ length: 80 }, (_, i) => i >= from && i <= to ? 1 : 0), 8);
  for (const [from, to, start, acs] of [[34, 53, 34, 13], [41, 60, 41, 20], [44, 63, 44, 20]]) {
    const mask = lines(from, to);
    assert.deepEqual([mask.acsStart, mask.acs], [start, acs]);
    assert.deepEqual(mask.calibration.start, start);
    assert.ok(mask.inCalibration(start, 0) && !mask.inCalibration(start + acs, 0));
  }
  assert.equal(lines(70, 79).acs, 0, "too far from the centre");
  assert.equal(lines(41, 44).acs, 0, "too few");
  const chosen = lines(44, 63).with({ acs: 0 });
  assert.deepEqual([chosen.acs, chosen.acsStart], [0, 40]);
  assert.ok(lines(34, 53).isCalibrationCentred && !lines(41, 60).isCalibrationCentred);
});

Deno.test("maskFromLines() finds the calibration lines of an equispaced mask again", () => {
  fc.assert(fc.property(size, fc.integer({ min: 3, max: 9 }), fc.nat(64), (lines, R, acs) => {
    fc.pre(acs <= lines);
    const found = maskFromLines(make(`equispaced:R=${R},acs=${acs}`, lines).values, 8);
    // More, and beside the centre, where lines of the comb are next to the block.
    const run = Array.from({ length: found.acs }, (_, i) => found.acsStart + i);
    assert.ok(run.every((line) => found.values[line] === 1));
    assert.ok(centred(lines, acs).every((line) => run.includes(line)));
  }));
});

Deno.test("maskFromPlane() finds the fully sampled square of a Poisson disc again", () => {
  fc.assert(fc.property(size, size, fc.nat(8), (height, width, acs) => {
    fc.pre(acs <= Math.min(height, width));
    const values = new Uint8Array(height * width);
    for (const y of centred(height, acs)) {
      for (const x of centred(width, acs)) values[y * width + x] = 1;
    }
    fc.pre(acs > 0);
    const mask = maskFromPlane(values, height, width);
    assert.equal(mask.acs, acs);
    assert.equal(mask.acceleration, height * width / acs ** 2);
  }));
  assert.equal(maskFromPlane(new Uint8Array(15).fill(1), 3, 5).acs, 3);
});

Deno.test("maskFromLines() and maskFromPlane() refuse masks that keep nothing or are of another size", () => {
  assert.throws(() => maskFromLines(new Uint8Array(5), 8), {
    name: "InputError",
    message: "Cannot use a mask of 5 lines: at least one that is kept is required, found none",
  });
  assert.throws(() => maskFromPlane(new Uint8Array(6), 2, 3), InputError);
  assert.throws(() => maskFromLines([], 8), InputError);
  assert.throws(() => maskFromPlane([1, 1], 2, 3), /6 values are required, found 2/);
});

Deno.test("detectMask() finds the lines that any coil holds", () => {
  fc.assert(fc.property(size, fc.integer({ min: 1, max: 3 }), fc.nat(), (lines, coils, seed) => {
    const width = 5, kspace = zeros([coils, 2, lines, width]);
    const mask = make(`equispaced:R=3,acs=0`, lines, width);
    for (const line of kept(mask)) {
      const plane = (seed + line) % (2 * coils); // in one plane only
      const start = (plane * lines + line) * width;
      kspace.data.fill(-1e-30, start, start + width);
    }
    const found = detectMask(kspace);
    assert.ok(found.isLines);
    assert.deepEqual(found.values, mask.values);
  }));
});

/** K-space of ones within some lines and columns. */
function filled(height: number, width: number, lines: readonly number[], from = 0, to = width) {
  const kspace = zeros([1, 2, height, width]);
  for (const line of lines) kspace.data.fill(1, line * width + from, line * width + to);
  return kspace;
}

Deno.test("detectMask() takes an asymmetric echo for lines, not for points of a plane", () => {
  const all = Array.from({ length: 40 }, (_, line) => line);
  const echo = detectMask(filled(40, 64, all, 20, 64));
  assert.ok(echo.isLines && echo.isFull);
  assert.deepEqual(echo.partial, { columns: [20, 64] });
  const padded = detectMask(filled(40, 64, all, 8, 56));
  assert.ok(padded.isLines);
  assert.equal(padded.partial, undefined, "both ends are padded");
  assert.ok(!detectMask(filled(40, 64, [...all.slice(0, 20)], 0, 64)).partial?.columns);
});

Deno.test("detectMask() finds partial Fourier in the zeros", () => {
  const first = Array.from({ length: 30 }, (_, line) => line);
  assert.deepEqual(detectMask(filled(40, 16, first)).partial, { rows: [0, 30] });
  const thinned = first.filter((line) => line % 2 === 0);
  assert.deepEqual(detectMask(filled(40, 16, thinned)).partial, { rows: [0, 29] });
  const comb = Array.from({ length: 10 }, (_, i) => 4 * i);
  assert.equal(detectMask(filled(40, 16, comb)).partial, undefined);
});

Deno.test("masks of the same samples have the same key", () => {
  const [a, b] = [make("random:R=3,acs=4,seed=1", 40), make("random:R=3,acs=4,seed=1", 40)];
  assert.equal(a.key, b.key);
  assert.ok(a.key.length < 200);
  assert.notEqual(a.key, make("random:R=3,acs=4,seed=2", 40).key);
  assert.notEqual(a.key, a.with({ partial: { rows: [0, 30] } }).key);
  assert.notEqual(a.key, a.with({ width: 9 }).key);
});

Deno.test("detectMask() refuses zeros and other shapes", () => {
  assert.throws(() => detectMask(zeros([2, 2, 4, 3])), {
    name: "InputError",
    message: "Cannot find the acquired samples: nonzero k-space is required, found zeros",
  });
  assert.throws(() => detectMask(zeros([2, 4, 3])), /k-space \[C, 2, H, W\] is required/);
});

Deno.test("calibration lines that are not named follow from R, as in fastMRI, within limits", () => {
  const acs = (text: string, height: number, width = 64) => {
    const spec = parseMaskSpec(text);
    if (spec.kind === "file") throw new Error("a formula is required");
    return makeMask(spec, height, width).acs;
  };
  assert.equal(acs("equispaced:R=4", 320), 26); // 8 %
  assert.equal(acs("equispaced:R=4", 256), 20);
  assert.equal(acs("equispaced:R=8", 640), 26); // 4 %
  assert.equal(acs("equispaced:R=8", 320), 16);
  assert.equal(acs("random:R=8,seed=1", 128), 8); // half of the lines that are kept
  assert.equal(acs("poisson:R=6", 256, 256), 24);
  assert.equal(acs("poisson:R=6", 96, 64), 13);
});
