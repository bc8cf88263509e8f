/** What a method added: nothing to full data, and planted dots, scanned and invented. */
import assert from "node:assert/strict";
import { tv } from "../../../src/classical/mod.ts";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { magnitudeOf, type NdArray, ndarray } from "../../../src/ndarray.ts";
import { AddedParts, type SliceAdded } from "../../../src/recon/added/added.ts";
import { addedReport } from "../../../src/recon/added/report.ts";
import { phantomImage } from "../../../src/recon/example.ts";
import { Preparation } from "../../../src/recon/prepare.ts";
import { simulatedKspace } from "../../../src/recon/simulated.ts";
import { runtime } from "../../runtime.ts";

const SIZE = 64, COILS = 6;
/** A dot of 3 x 3 pixels in the middle of the head; the image of the problem is transposed. */
const DOT = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => (34 + y) * SIZE + 34 + x));
const CONTRAST = 0.4;

/** A brain, with or without the dot, at a mask: the problem and what total variation makes of it. */
async function scanned(text: string, dot: boolean) {
  const file = await phantomImage(runtime, { size: SIZE, seed: 3 });
  const whole = await file.readSlice(0);
  if (dot) { for (const p of DOT) whole.data[p] += CONTRAST; }
  const image = { ...file, readSlice: () => Promise.resolve(whole) };
  using kspace = await simulatedKspace(runtime, image, { coils: COILS, noise: 0.01, seed: 1 });
  const spec = parseMaskSpec(text);
  assert.ok(spec.kind !== "file");
  const mask = makeMask(spec, SIZE, SIZE);
  const preparation = new Preparation(runtime, { coils: COILS, mask, full: true });
  const { problem } = await preparation.slice(await kspace.readSlice(0), { kind: "espirit" });
  const geometry = { coils: COILS, height: SIZE, width: SIZE, mask };
  const opinion = await (await tv.prepare(runtime, geometry)).solve(problem);
  return { key: "", geometry, problem, opinion };
}

/** The image with the dot, in its phase. */
function withDot({ data, shape }: NdArray): NdArray {
  const plane = SIZE * SIZE, out = data.slice();
  for (const at of DOT) {
    const size = Math.hypot(data[at], data[plane + at]);
    out[at] *= 1 + CONTRAST / size;
    out[plane + at] *= 1 + CONTRAST / size;
  }
  return ndarray(out, shape);
}

const FACTOR = 7;

async function added(
  scan: Awaited<ReturnType<typeof scanned>>,
  image: NdArray,
): Promise<SliceAdded> {
  const factor = ndarray(new Float32Array(2 * SIZE * SIZE).fill(FACTOR), [2, SIZE, SIZE]);
  const size = [SIZE, SIZE] as const;
  return await new AddedParts(runtime).slice({
    ...scan,
    image,
    magnitude: magnitudeOf(image),
    factor,
    outputGeometry: { from: size, size, transposed: false },
  });
}

const flaggedPart = ({ flagged }: SliceAdded) =>
  DOT.filter((at) => flagged.data[at] === 1).length / DOT.length;

Deno.test("a dot that only the image has is flagged, one that was scanned is not", async () => {
  const mask = "equispaced:R=3,acs=16";
  const clean = await scanned(mask, false);
  assert.equal(flaggedPart(await added(clean, clean.opinion)), 0);
  assert.ok(flaggedPart(await added(clean, withDot(clean.opinion))) > 0.7);
  // The image of a method that shows the dot more sharply than total variation does.
  const real = await scanned(mask, true);
  const sharper = ndarray(
    real.opinion.data.map((v, i) => DOT.includes(i % (SIZE * SIZE)) ? 1.1 * v : v),
    real.opinion.shape,
  );
  assert.equal(flaggedPart(await added(real, sharper)), 0);
});

Deno.test("the added part is what the regularised inverse does not give back, in the units of the image", async () => {
  const full = await scanned("equispaced:R=1,acs=16", false);
  const isInside = (i: number) => Math.abs(i % SIZE - 32) < 12 && Math.abs(i / SIZE - 32) < 12;
  const energy = (values: Float32Array) =>
    values.reduce((sum, v, i) => sum + (isInside(i) ? v * v : 0), 0);
  const share = async (scan: typeof full) => {
    const { added: part } = await added(scan, scan.opinion);
    return energy(part.data) / energy(magnitudeOf(scan.opinion).data) / FACTOR ** 2;
  };
  // Ridge (sigma / 0.1)^2 of full data: s / (1 + s) of the image is left.
  const s = (full.problem.sigma / 0.1) ** 2;
  const expected = (s / (1 + s)) ** 2;
  const found = await share(full);
  assert.ok(Math.abs(found / expected - 1) < 0.05, `${found}, ${expected}`);
  assert.ok(await share(await scanned("equispaced:R=4,acs=8", false)) > 20 * expected);
});

Deno.test("a report has the share of the energy, and the boxes of flagged structures", () => {
  const shape = [2, 20, 20];
  const magnitude = ndarray(new Float32Array(800).fill(1), shape);
  const half = ndarray(new Float32Array(800).fill(0.5), shape);
  const flagged = ndarray(new Float32Array(800), shape);
  for (const at of [45, 46, 66, 67, 400 + 105, 400 + 106]) flagged.data[at] = 1;
  const { share, flagged: part, count, regions, meaning } = addedReport(
    magnitude,
    { added: half, flagged },
    7,
  );
  assert.equal(share, 0.25);
  assert.equal(part, 6 / 800);
  assert.equal(count, 2);
  assert.deepEqual(regions, [
    { slice: 7, row: 2, column: 5, rows: 2, columns: 3, pixels: 4 },
    { slice: 8, row: 5, column: 5, rows: 1, columns: 2, pixels: 2 },
  ]);
  assert.match(meaning, /does not tell whether these are real/);
});
