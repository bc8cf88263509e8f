/** A reconstruction as DICOM series. @module */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DicomTags } from "../io/dicom/tags.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { VERSION } from "../version.ts";
import type { Reconstruction } from "./types.ts";

const SOFTWARE = `larmor ${VERSION}`;

/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;

/** What a DICOM series says beside its images. */
export interface DicomDescription {
  /** Name of what was reconstructed, such as the checksum of a file: series of one source share a study. */
  readonly source: string;
  /** Attributes by keyword, such as `PatientName`. Default: none, the files are anonymous. */
  readonly tags?: DicomTags;
}

/**
 * Writes a reconstruction as DICOM: the magnitude into `magnitude/`, and the standard deviation, where
 * there is one, as a series of its own into `std/`.
 * @param folder must not exist
 * @throws {InputError} when it cannot be written
 */
export async function writeDicom(
  folder: string,
  result: Reconstruction,
  { source, tags = {} }: DicomDescription,
): Promise<void> {
  // Loaded when needed: the dictionary takes a while to read.
  const { writeDicomSeries } = await import("../io/dicom/write.ts");
  const { geometry, magnitude, std, volumes = 1 } = result;
  const common = { source, tags, software: SOFTWARE, volumes, geometry };
  await mkdir(folder);
  await writeDicomSeries(join(folder, "magnitude"), {
    ...common,
    image: magnitude,
    window: [0, white(magnitude)],
    number: 1,
    description: `Larmor ${result.method}`,
    derivation: derivation(result),
  });
  if (std === undefined) return;
  await writeDicomSeries(join(folder, "std"), {
    ...common,
    tags: ownSeries(tags),
    image: std,
    window: [0, white(std)],
    number: 2,
    description: `Larmor ${result.method} standard deviation`,
    derivation: `Standard deviation over posterior samples. ${derivation(result)}`,
  });
}

/** The number and the name that the user gives are those of the magnitude. */
function ownSeries({ SeriesNumber, SeriesDescription, ...tags }: DicomTags): DicomTags {
  return {
    ...tags,
    ...(SeriesNumber === undefined ? {} : { SeriesNumber: String(Number(SeriesNumber) + 1) }),
    ...(SeriesDescription === undefined
      ? {}
      : { SeriesDescription: `${SeriesDescription.slice(0, 60)} std` }),
  };
}

function white({ data }: Reconstruction["magnitude"]): number {
  const level = percentile(data, WINDOW_PERCENTILE);
  return level > 0 ? level : data.reduce((a, b) => Math.max(a, b), 0);
}

/** How the pixels came about, in one sentence. */
function derivation({ method, model, steps, mask, device }: Reconstruction): string {
  const network = model === undefined
    ? ""
    : `, model ${model.name} (sha256 ${model.sha256.slice(0, 12)})`;
  return `${SOFTWARE}: reconstructed from raw data by ${method}${network}, ` +
    `${steps} steps, acceleration ${
      mask.acceleration.toFixed(2)
    }, sampling ${mask.spec}, on ${device}`;
}
