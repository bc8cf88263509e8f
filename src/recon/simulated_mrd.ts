/** Simulated k-space as raw acquisitions of ISMRMRD: what a scanner would have sent. @module */
import { UsageError } from "../errors.ts";
import type { Geometry } from "../io/types.ts";
import {
  type Acquisition,
  type AcquisitionHeader,
  type Flag,
  flagBits,
  type Triple,
} from "../mrd/values.ts";
import type { MrdHeader } from "../mrd/xml_header.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { NdArray } from "../ndarray.ts";

/** What was simulated; images are `[slice, row = readout, column = phase]`, as the affine has it. */
export interface SimulatedScan {
  readonly slices: number;
  readonly coils: number;
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, W. */
  readonly width: number;
  readonly geometry?: Geometry;
  /** Which lines are acquired. Default: all. */
  readonly mask?: SamplingMask;
  /** K-space of a slice, `[C, 2, H, W]`. */
  kspace(slice: number): Promise<NdArray>;
}

/** Columns of an affine of nothing known: voxels of 1 mm. */
const UNKNOWN = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/** The header of a scan. @throws {UsageError} for a mask that does not keep whole lines */
export function simulatedHeader(scan: SimulatedScan): MrdHeader {
  const { slices, coils, height, width, mask } = scan;
  if (mask?.isLines === false) {
    throw new UsageError(
      `Cannot write acquisitions of the mask ${mask.spec}: whole lines are required, found points`,
    );
  }
  const { readout, phase, slice } = axesOf(scan);
  const space = {
    matrix: [width, height, 1],
    fieldOfView: [readout.length * width, phase.length * height, slice.length],
  } as const;
  const lines = mask?.lines ?? [0, height - 1];
  const gap = mask === undefined ? 1 : largestGap(mask.lines);
  return {
    encodings: [{
      encodedSpace: space,
      reconSpace: space,
      limits: {
        kspaceEncodeStep1: {
          minimum: lines[0],
          maximum: lines[lines.length - 1],
          center: Math.floor(height / 2),
        },
        slice: { minimum: 0, maximum: slices - 1, center: 0 },
      },
      trajectory: "cartesian",
      parallelImaging: gap > 1
        ? { acceleration: [gap, 1], calibrationMode: "embedded" }
        : undefined,
    }],
    system: { receiverChannels: coils },
    measurement: {},
    sequence: { repetitionTime: [], echoTime: [], inversionTime: [], flipAngle: [] },
    userParameters: {},
  };
}

function largestGap(lines: readonly number[]): number {
  return lines.reduce((most, line, i) => Math.max(most, i === 0 ? 1 : line - lines[i - 1]), 1);
}

/** The acquired lines, slice by slice. */
export async function* simulatedAcquisitions(scan: SimulatedScan): AsyncGenerator<Acquisition> {
  const { slices, height, mask } = scan;
  const lines = mask?.lines ?? Array.from({ length: height }, (_, line) => line);
  const first = Math.floor(height / 2) - Math.floor((mask?.acs ?? 0) / 2);
  const calibrates = (line: number) =>
    mask?.isFull === false && line >= first && line < first + mask.acs;
  for (let slice = 0, counter = 0; slice < slices; slice++) {
    const kspace = await scan.kspace(slice);
    for (const [i, line] of lines.entries()) {
      const isLast = i === lines.length - 1;
      const flags: Flag[] = [
        ...i === 0 ? ["firstInSlice" as const] : [],
        ...isLast ? ["lastInSlice" as const] : [],
        ...isLast && slice === slices - 1 ? ["lastInMeasurement" as const] : [],
        ...calibrates(line) ? ["calibrationAndImaging" as const] : [],
      ];
      const header = headerOf(scan, { line, slice, counter: counter++, flags });
      yield { header, samples: lineSamples(kspace, line), trajectory: new Float32Array() };
    }
  }
}

/** Row `line` of `[C, 2, H, W]` as `[C, W, 2]`. */
function lineSamples({ data, shape: [coils, , height, width] }: NdArray, line: number) {
  const samples = new Float32Array(2 * coils * width);
  for (let coil = 0, to = 0; coil < coils; coil++) {
    const re = (2 * coil * height + line) * width, im = re + height * width;
    for (let i = 0; i < width; i++) {
      samples[to++] = data[re + i];
      samples[to++] = data[im + i];
    }
  }
  return samples;
}

function headerOf(
  scan: SimulatedScan,
  { line, slice, counter, flags }: {
    readonly line: number;
    readonly slice: number;
    readonly counter: number;
    readonly flags: readonly Flag[];
  },
): AcquisitionHeader {
  const { coils, width } = scan;
  const axes = axesOf(scan);
  return {
    version: 1,
    flags: flagBits(...flags),
    measurementUid: 0,
    scanCounter: counter,
    acquisitionTimeStamp: 0,
    physiologyTimeStamp: [0, 0, 0],
    numberOfSamples: width,
    availableChannels: coils,
    activeChannels: coils,
    channelMask: Array(16).fill(0n),
    discardPre: 0,
    discardPost: 0,
    centerSample: Math.floor(width / 2),
    encodingSpaceRef: 0,
    trajectoryDimensions: 0,
    sampleTimeUs: 1,
    position: centreOf(scan, slice),
    readDir: axes.readout.direction,
    phaseDir: axes.phase.direction,
    sliceDir: axes.slice.direction,
    patientTablePosition: [0, 0, 0],
    idx: {
      kspaceEncodeStep1: line,
      kspaceEncodeStep2: 0,
      average: 0,
      slice,
      contrast: 0,
      phase: 0,
      repetition: 0,
      set: 0,
      segment: 0,
      user: Array(8).fill(0),
    },
    userInt: Array(8).fill(0),
    userFloat: Array(8).fill(0),
  };
}

/** From RAS to LPS. */
const lps = ([x, y, z]: readonly number[]): Triple => [-x, -y, z];

/** A column of the affine as millimetres and a direction in LPS, zero where it is not known. */
function axesOf({ geometry }: SimulatedScan) {
  const affine = geometry?.affine ?? UNKNOWN;
  const axis = (column: number) => {
    const step = [0, 1, 2].map((row) => affine[4 * row + column]);
    const length = Math.hypot(...step);
    const direction: Triple = geometry?.known ? lps(step.map((part) => part / length)) : [0, 0, 0];
    return { length, direction };
  };
  return { phase: axis(0), readout: axis(1), slice: axis(2) };
}

/** The centre of a slice in LPS: pixel floor(n / 2) of each axis. */
function centreOf({ geometry, height, width }: SimulatedScan, slice: number): Triple {
  if (!geometry?.known) return [0, 0, 0];
  const at = [Math.floor(height / 2), Math.floor(width / 2), slice, 1];
  return lps(
    [0, 1, 2].map((row) =>
      at.reduce((sum, index, column) => sum + geometry.affine[4 * row + column] * index, 0)
    ),
  );
}
