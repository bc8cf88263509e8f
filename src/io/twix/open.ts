/**
 * Opening Siemens raw data: the measurement that is wanted, and the noise that was measured before
 * it, as acquisitions of ISMRMRD.
 * @module
 */
import { InputError } from "../../errors.ts";
import { promiseTry } from "../../host.ts";
import type { Acquisition, AcquisitionHeader } from "../../mrd/values.ts";
import type { Warning } from "../../warning.ts";
import { openBytes } from "../bytes.ts";
import type { AcquisitionFile } from "../mrd/acquisition_file.ts";
import { findMeasurements } from "./container.ts";
import { checkSupported, mrdHeader } from "./header.ts";
import { Measurement } from "./measurement.ts";
import { SCAN_FORMATS } from "./mdh.ts";
import { matchingChannels } from "./receivers.ts";

/**
 * Opens a file, which the caller disposes of. Scan headers are read once to find the lines; only
 * where they lie is kept.
 * @param wanted measurement, from 0; default the last one that holds lines of an image
 * @throws {InputError} when it is damaged or cut, or its data cannot become an image, with the reason
 */
export function openTwix(path: string, wanted?: number): Promise<AcquisitionFile> {
  return promiseTry(() => {
    const source = openBytes(path);
    try {
      const { software, measurements: places } = findMeasurements(source);
      const format = SCAN_FORMATS[software];
      const measurements = places.map((place) => new Measurement(source, format, place));
      const index = chosen(path, measurements, wanted);
      const { protocol, scans } = measurements[index];
      checkSupported(path, protocol, scans);
      const { noise, warnings } = noiseOf(measurements, index);
      return {
        path,
        format: "twix",
        header: mrdHeader(path, protocol, scans),
        warnings: [...warnings, ...cutOff(measurements[index]), ...leftOut(measurements, index)],
        ...acquisitionsOf(measurements[index], noise),
        [Symbol.dispose]: () => source[Symbol.dispose](),
      };
    } catch (error) {
      source[Symbol.dispose]();
      throw error;
    }
  });
}

function chosen(path: string, all: readonly Measurement[], wanted?: number): number {
  const index = wanted ?? all.findLastIndex((each) => each.hasImage && !each.isAdjustment);
  if (all[index]?.hasImage) return index;
  const names = all.map(({ name, hasImage }, i) => `${i} (${name}${hasImage ? "" : ", no image"})`);
  throw new InputError(
    `Cannot reconstruct ${path}: a measurement with lines of an image is required, ` +
      `found ${wanted === undefined ? "" : `measurement ${wanted} of `}${names.join(", ")}`,
  );
}

/** Noise scans of another measurement: their numbers, and which of their channels serve. */
interface ForeignNoise {
  readonly from: Measurement;
  readonly indices: readonly number[];
  readonly channels: readonly number[];
}

/** The noise of the nearest measurement before, where the measurement has none of its own. */
function noiseOf(
  all: readonly Measurement[],
  index: number,
): { readonly noise?: ForeignNoise; readonly warnings: readonly Warning[] } {
  const { scans: { noise: own }, protocol, imageChannels } = all[index];
  const from = all.slice(0, index).findLast(({ scans }) => scans.noise.length > 0);
  if (own.length > 0 || from === undefined) return { warnings: [] };
  const indices = from.scans.noise;
  const channels = matchingChannels(
    { protocol, ids: imageChannels },
    { protocol: from.protocol, ids: from.channels(indices[0]) },
  );
  if (!channels.includes(-1)) return { noise: { from, indices, channels }, warnings: [] };
  return {
    warnings: [{
      code: "noise-scan-unused",
      message:
        `The noise of measurement ${all.indexOf(from)} (${from.name}) is not used: it lacks ` +
        `${channels.filter((place) => place < 0).length} of the ${channels.length} receivers`,
    }],
  };
}

function cutOff({ name, scans: { places, ended } }: Measurement): Warning[] {
  if (ended) return [];
  return [{
    code: "measurement-cut-off",
    message: `The measurement ${name} ends after ${places.length} scans without the mark of its ` +
      "end: more may be missing",
  }];
}

function leftOut(all: readonly Measurement[], index: number): Warning[] {
  return all.flatMap(({ name, hasImage, isAdjustment }, i): Warning[] => {
    if (i === index || !hasImage || isAdjustment) return [];
    return [{
      code: "measurement-left-out",
      message: `Measurement ${i} (${name}) is left out: only ${index} (${all[index].name}) is ` +
        "reconstructed",
      hint: `--measurement ${i} selects it`,
    }];
  });
}

/** Noise of another measurement first, then all scans. */
function acquisitionsOf(
  measurement: Measurement,
  noise: ForeignNoise | undefined,
): Pick<AcquisitionFile, "acquisitionCount" | "headers" | "read"> {
  const before = noise?.indices.length ?? 0;
  const count = before + measurement.scans.places.length;
  return {
    acquisitionCount: count,
    async *headers() {
      for (let i = 0; i < count; i++) {
        yield i < before
          ? selectedHeader(noise!.from.header(noise!.indices[i]), noise!.channels.length)
          : measurement.header(i - before);
      }
    },
    read: (indices) =>
      promiseTry(() =>
        indices.map((i) =>
          i < before
            ? selected(noise!.from.read(noise!.indices[i]), noise!.channels)
            : measurement.read(i - before)
        )
      ),
  };
}

const selectedHeader = (header: AcquisitionHeader, coils: number): AcquisitionHeader => ({
  ...header,
  activeChannels: coils,
});

/** The samples of some channels, in this order. @throws {InputError} when one is absent */
function selected(
  { header, samples, trajectory }: Acquisition,
  channels: readonly number[],
): Acquisition {
  const length = 2 * header.numberOfSamples;
  const missing = channels.find((channel) => channel >= header.activeChannels);
  if (missing !== undefined) {
    throw new InputError(
      `Cannot use noise scan ${header.scanCounter}: channel ${missing} is required, ` +
        `found ${header.activeChannels} channels`,
    );
  }
  const kept = new Float32Array(channels.length * length);
  channels.forEach((channel, i) => {
    kept.set(samples.subarray(channel * length, (channel + 1) * length), i * length);
  });
  return { header: selectedHeader(header, channels.length), samples: kept, trajectory };
}
