/** A reconstruction as DICOM series. @module */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DicomTags } from "../io/dicom/tags.ts";
import type { NdArray } from "../ndarray.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { VERSION } from "../version.ts";
import type { Provenance } from "./report.ts";
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
  /** What remakes the images. Paths are left out: they may name a patient. */
  readonly provenance?: Provenance;
}

/**
 * Writes a reconstruction as DICOM: the magnitude into `magnitude/`, and the standard deviation, the
 * error bars and the added part, where there are any, as series of their own into `std/`, `error90/` and
 * `added/`.
 * @param folder must not exist
 * @throws {InputError} when it cannot be written
 */
export async function writeDicom(
  folder: string,
  result: Reconstruction,
  { source, tags = {}, provenance }: DicomDescription,
): Promise<void> {
  // Loaded when needed: the dictionary takes a while to read.
  const { writeDicomSeries } = await import("../io/dicom/write.ts");
  const { geometry, method, magnitude, std, error90, added, frames } = result;
  await mkdir(folder);
  const write = (name: string, number: number, image: NdArray, what = "", ofWhat = "") =>
    writeDicomSeries(join(folder, name), {
      source,
      tags: number === 1 ? tags : ownSeries(tags, number - 1, name),
      software: softwareText(provenance),
      frames,
      geometry,
      image,
      window: [0, white(image)],
      number,
      description: `Larmor ${method}${what}`,
      derivation: ofWhat + derivation(result) + optionsText(provenance),
    });
  await write("magnitude", 1, magnitude);
  const ofStd = "Standard deviation over posterior samples. ";
  if (std) await write("std", 2, std, " standard deviation", ofStd);
  const ofBars = "Half-width that holds the true magnitude in 90 % of the pixels of the head. ";
  if (error90) await write("error90", 3, error90, " error bars", ofBars);
  const ofAdded = "Magnitude of the part of the image that the data do not determine. ";
  if (added) await write("added", 4, added, " added part", ofAdded);
}

/** The number and the name that the user gives are those of the magnitude. */
function ownSeries(
  { SeriesNumber, SeriesDescription, ...tags }: DicomTags,
  after: number,
  name: string,
): DicomTags {
  return {
    ...tags,
    ...(SeriesNumber && { SeriesNumber: String(Number(SeriesNumber) + after) }),
    ...(SeriesDescription && { SeriesDescription: `${SeriesDescription.slice(0, 56)} ${name}` }),
  };
}

function white({ data }: NdArray): number {
  const level = percentile(data, WINDOW_PERCENTILE);
  return level > 0 ? level : data.reduce((a, b) => Math.max(a, b), 0);
}

/** Version and commit. */
function softwareText(provenance?: Provenance): string {
  return provenance?.commit == null ? SOFTWARE : `${SOFTWARE} ${provenance.commit.slice(0, 12)}`;
}

/** The options that were in force, as `recon` takes them, but paths. */
function optionsText(provenance?: Provenance): string {
  const options = Object.entries(provenance?.options ?? {})
    .filter(([, value]) => value !== false && !/[/\\]/.test(String(value)))
    .map(([name, value]) => value === true ? `--${name}` : `--${name} ${value}`);
  return options.length === 0 ? "" : `; recon ${options.join(" ")}`;
}

/** How the pixels came about, in one sentence. */
function derivation({ method, model, steps, mask, device }: Reconstruction): string {
  const network = model && `, model ${model.name} (sha256 ${model.sha256.slice(0, 12)})`;
  const acceleration = mask.acceleration.toFixed(2);
  return `${SOFTWARE}: reconstructed from raw data by ${method}${network ?? ""}, ${steps} steps, ` +
    `acceleration ${acceleration}, sampling ${mask.spec}, on ${device}`;
}
