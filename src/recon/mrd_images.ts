/** Images of a reconstruction as an ISMRMRD file. @module */
import { writeMrdImages } from "../io/mrd/image_writer.ts";
import { frameCount, indices } from "../io/axes.ts";
import { encodeMeta } from "../io/mrd/xml.ts";
import { MAGNITUDE_IMAGE, type MrdImage, type Triple } from "../mrd/values.ts";
import type { Axis } from "../io/types.ts";
import type { NdArray } from "../ndarray.ts";
import type { Reconstruction } from "./types.ts";

/** `ImageHeader.dataType` of float32. */
const FLOAT32 = 5;

/**
 * Writes `image_0` with the magnitude and, where there are any, the standard deviation, the error
 * bars and the added part as the next: an image for each slice.
 */
export async function writeMrd(path: string, result: Reconstruction): Promise<void> {
  const { magnitude, std, error90, added } = result;
  const images = [magnitude, std, error90, added].filter((image) => image !== undefined);
  await writeMrdImages(path, { series: images.map((image, i) => imagesOf(image, result, i)) });
}

/** An image for each slice. */
export function imagesOf(
  { data, shape }: NdArray,
  result: Reconstruction,
  series: number,
): MrdImage[] {
  const [slices, rows, columns] = shape;
  const { frames = [] } = result;
  const perVolume = slices / frameCount(frames);
  return Array.from({ length: slices }, (_, index): MrdImage => {
    const slice = index % perVolume;
    const place = placeOf(result.geometry, [columns, rows, slice]);
    return {
      header: {
        version: 1,
        dataType: FLOAT32,
        flags: 0n,
        measurementUid: 0,
        matrixSize: [columns, rows, 1],
        ...place,
        channels: 1,
        patientTablePosition: [0, 0, 0],
        slice,
        ...counters(Math.floor(index / perVolume), frames),
        acquisitionTimeStamp: 0,
        physiologyTimeStamp: [0, 0, 0],
        imageType: MAGNITUDE_IMAGE,
        imageIndex: index + 1,
        imageSeriesIndex: series,
        userInt: [],
        userFloat: [],
        attributeStringLength: 0, // set when it is written
      },
      attributes: encodeMeta({
        DataRole: series === 0 ? "Image" : "Quantitative",
        ImageProcessingHistory: ["LARMOR", result.method],
        ImageRowDir: place.readDir,
        ImageColumnDir: place.phaseDir,
        Keep_image_geometry: 1,
      }),
      data: data.subarray(index * rows * columns, (index + 1) * rows * columns),
    };
  });
}

/** The counters of ISMRMRD that stand for axes of volumes; `repetition` for all others. */
const COUNTERS = { echo: "contrast", contrast: "contrast", cardiac: "phase", set: "set" } as const;

/** The counters of a volume. */
function counters(volume: number, frames: readonly Axis[]) {
  const found = { average: 0, contrast: 0, phase: 0, repetition: 0, set: 0 };
  const at = indices(volume, frames);
  let others = 1;
  frames.forEach(({ name, size }, i) => {
    if (name === "average") found.average = at[i];
    else if (Object.hasOwn(COUNTERS, name)) found[COUNTERS[name as keyof typeof COUNTERS]] = at[i];
    else {
      found.repetition += others * at[i];
      others *= size;
    }
  });
  return found;
}

/** Centre, directions (LPS) and extent of a slice, by the affine (RAS). */
function placeOf(geometry: Reconstruction["geometry"], [columns, rows, slice]: Triple) {
  const affine = geometry?.affine ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  const lps = (ras: number[]): Triple => [-ras[0], -ras[1], ras[2]];
  const axis = (j: number) => [affine[j], affine[4 + j], affine[8 + j]];
  const sizes = [0, 1, 2].map((j) => Math.hypot(...axis(j)));
  const unit = (j: number): Triple => lps(axis(j).map((value) => value / sizes[j]));
  const voxel = [Math.floor(columns / 2), Math.floor(rows / 2), slice, 1];
  const centre = [0, 1, 2].map((i) =>
    voxel.reduce((sum, value, j) => sum + affine[4 * i + j] * value, 0)
  );
  const known = (vector: Triple): Triple => geometry?.known ? vector : [0, 0, 0];
  return {
    fieldOfView: [
      columns * sizes[0],
      rows * sizes[1],
      geometry?.sliceThickness ?? sizes[2],
    ] as Triple,
    position: known(lps(centre)),
    readDir: known(unit(0)),
    phaseDir: known(unit(1)),
    sliceDir: known(unit(2)),
  };
}
