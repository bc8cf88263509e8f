/** One acquisition as a line of k-space: what it is for, and where its samples lie. @module */
import { InputError } from "../../errors.ts";
import { type Acquisition, type AcquisitionHeader, hasFlag } from "../../mrd/values.ts";
import { partialExtent, type PartialSampling } from "../sampling/partial_sampling.ts";
import type { RawLayout } from "./layout.ts";

/** Flags of lines that are not samples of an image. */
const OTHER_USES = [
  "navigation",
  "phaseCorrection",
  "highPriorityFeedback",
  "dummyScan",
  "realTimeFeedback",
  "surfaceCoilCorrection",
  "phaseStabilizationReference",
  "phaseStabilization",
] as const;

export function lineUse(header: AcquisitionHeader): "image" | "calibration" | "noise" | "skip" {
  if (hasFlag(header, "noise")) return "noise";
  if (hasFlag(header, ...OTHER_USES)) return "skip";
  const imaging = !hasFlag(header, "calibration") || hasFlag(header, "calibrationAndImaging");
  return imaging ? "image" : "calibration";
}

/** Name of an acquisition in messages. */
export function lineName({ scanCounter, idx }: AcquisitionHeader): string {
  return `acquisition ${scanCounter} (line ${idx.kspaceEncodeStep1}, partition ` +
    `${idx.kspaceEncodeStep2}, slice ${idx.slice}, repetition ${idx.repetition})`;
}

/**
 * Checks that the data of an acquisition are what its header says, and numbers.
 * @throws {InputError} when they are not
 */
export function checkAcquisition({ header, samples, trajectory }: Acquisition): void {
  const { numberOfSamples, activeChannels, trajectoryDimensions } = header;
  const fail = (required: string, found: unknown) => {
    throw new InputError(`Cannot use ${lineName(header)}: ${required} is required, found ${found}`);
  };
  if (numberOfSamples < 1 || activeChannels < 1) {
    fail("at least one sample and channel", `${numberOfSamples} x ${activeChannels}`);
  }
  if (hasFlag(header, "compression1", "compression2", "compression3", "compression4")) {
    fail("uncompressed data", "a flag of compression");
  }
  const required = 2 * numberOfSamples * activeChannels;
  if (samples.length !== required) fail(`${required} values of samples`, samples.length);
  const points = numberOfSamples * trajectoryDimensions;
  if (trajectory.length !== points) fail(`${points} values of the trajectory`, trajectory.length);
  const { position, readDir, phaseDir, sliceDir } = header;
  const places = [...position, ...readDir, ...phaseDir, ...sliceDir, header.sampleTimeUs];
  const wrong = places.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) fail("a finite position", wrong);
  // NaN * 0 and Infinity * 0 are NaN, which no later addition takes away: no branch per sample.
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] * 0;
  if (sum !== 0) fail("finite samples", samples.find((value) => !Number.isFinite(value)));
}

export type LinePlace = ReturnType<typeof placeLine>;

/**
 * Finds the place of a line: its counters of both phase encodings, the first column that it fills and
 * how many, the sample that goes there, and the step to the next, -1 for a line that was read
 * backwards. A sample is placed relative to `centerSample`, so an asymmetric echo leaves columns
 * empty; `discardPre` and `discardPost` are left out; a reversed line is mirrored about its middle.
 * The row that belongs to a counter is known when the centre of k-space is (`resolveLayout`).
 * @throws {InputError} when it does not fit into the encoded matrix
 */
export function placeLine(header: AcquisitionHeader, layout: RawLayout) {
  const { numberOfSamples: length, discardPre, discardPost, idx } = header;
  const { x, y, z } = layout;
  const step1 = idx.kspaceEncodeStep1, step2 = idx.kspaceEncodeStep2;
  const reverse = hasFlag(header, "reverse");
  const middle = Math.floor(length / 2);
  const centre = centreSample(header, layout);
  const count = length - discardPre - discardPost;
  const skipped = reverse ? discardPost : discardPre;
  const column = Math.floor(x.encoded / 2) + skipped - (reverse ? 2 * middle - centre : centre);
  const within = (step: number, shift: number, size: number, last: number) =>
    (step + shift >= 0 && step + shift < size) || step <= Math.min(last, size - 1);
  const fits = count > 0 && centre < length && column >= 0 && column + count <= x.encoded &&
    within(step1, layout.rowShift, y.encoded, layout.lastCounters[0]) &&
    within(step2, layout.partitionShift, z.encoded, layout.lastCounters[1]);
  if (!fits) {
    throw new InputError(
      `Cannot place ${lineName(header)}: a line within ${x.encoded} x ${y.encoded} x ` +
        `${z.encoded} (readout, phase, partition) is required, found ${count} of ${length} ` +
        `samples with the centre at ${centre}, row ${step1 + layout.rowShift}, partition ` +
        `${step2 + layout.partitionShift}`,
    );
  }
  return {
    step1,
    step2,
    column,
    count,
    first: reverse ? length - 1 - discardPost : discardPre,
    step: reverse ? -1 : 1,
  };
}

/** The sample at the centre of k-space. */
function centreSample({ numberOfSamples, centerSample }: AcquisitionHeader, layout: RawLayout) {
  const middle = Math.floor(numberOfSamples / 2);
  // An echo cannot be at the first sample: 0 is what writers leave that do not know. A line as long as
  // the matrix has one place; where its echo is turns the phase of the image only.
  const isWhole = numberOfSamples === layout.x.encoded && centerSample < numberOfSamples;
  if (centerSample === 0 || isWhole) return middle;
  const { oversampled } = layout;
  const isOld = oversampled !== undefined &&
    Math.abs(centerSample - Math.floor(oversampled / 2)) <= 1;
  return isOld ? middle : centerSample;
}

/** How far the lines of a scan reach along each axis of k-space. */
export class Extents {
  readonly #steps1: [number, number] = [Infinity, 0];
  readonly #steps2: [number, number] = [Infinity, 0];
  readonly #columns: [number, number] = [Infinity, 0];

  add({ step1, step2, column, count }: LinePlace): void {
    widen(this.#steps1, step1, 1);
    widen(this.#steps2, step2, 1);
    widen(this.#columns, column, count);
  }

  /** Takes in those of other lines. */
  join(others: Extents): void {
    const [step1, step2, column] = [others.#steps1, others.#steps2, others.#columns];
    widen(this.#steps1, step1[0], step1[1] - step1[0]);
    widen(this.#steps2, step2[0], step2[1] - step2[0]);
    widen(this.#columns, column[0], column[1] - column[0]);
  }

  /** Whether lines differ in the counter of the second phase encoding, or have one at all. */
  get hasPartitions(): boolean {
    return this.#steps2[1] > 1;
  }

  /** Where the k-space of an encoding is partial; undefined where it is not. */
  partial({ x, y, z, is3d, acceleration, ...shifts }: RawLayout): PartialSampling | undefined {
    const rows = partialExtent(moved(this.#steps1, shifts.rowShift), y.encoded, acceleration[0]);
    const columns = is3d
      ? partialExtent(moved(this.#steps2, shifts.partitionShift), z.encoded, acceleration[1])
      : partialExtent(this.#columns, x.encoded, 1);
    return rows || columns ? { rows, columns } : undefined;
  }

  /** @throws {InputError} when lines lie outside of the encoded matrix */
  requireWithin({ y, z, is3d, rowShift, partitionShift }: RawLayout): void {
    requireInside("row", moved(this.#steps1, rowShift), y.encoded);
    requireInside(
      "partition",
      is3d ? moved(this.#steps2, partitionShift) : this.#steps2,
      z.encoded,
    );
  }
}

const moved = ([first, end]: readonly [number, number], by: number) =>
  [first + by, end + by] as const;

function requireInside(name: string, [first, end]: readonly [number, number], size: number): void {
  if (first >= 0 && end <= size) return;
  throw new InputError(
    `Cannot place lines: ${name}s within 0 to ${size - 1} are required, found ${first} to ${
      end - 1
    }`,
  );
}

function widen(extent: [number, number], first: number, count: number): void {
  extent[0] = Math.min(extent[0], first);
  extent[1] = Math.max(extent[1], first + count);
}

/** The acquisition with the conjugate of its samples, which are copied. */
export function conjugated(acquisition: Acquisition): Acquisition {
  const samples = acquisition.samples.slice();
  for (let i = 1; i < samples.length; i += 2) samples[i] = -samples[i];
  return { ...acquisition, samples };
}
