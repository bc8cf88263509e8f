/**
 * From the header of an encoding and the lines of an image to the layout of its k-space: where the
 * two disagree, the lines count, and a warning says so.
 * @module
 */
import type { InputError } from "../../errors.ts";
import type { Encoding } from "../../mrd/xml_header.ts";
import type { Warning } from "../../warning.ts";
import { chooseCentre } from "./centre.ts";
import { doubtfulCrop, type RawLayout, rawLayout } from "./layout.ts";
import type { LineStore } from "./line_store.ts";

/** The layout of an encoding, and what is wrong with its header. */
export interface ResolvedLayout {
  readonly layout: RawLayout;
  readonly warnings: readonly Warning[];
  /** Whether these lines decide it: other images of the encoding have the same layout. */
  readonly certain: boolean;
  /** Why no image can be made of these lines. */
  readonly fault?: InputError;
}

/**
 * Decides what the header leaves open or has wrong: whether readout oversampling was removed, whether
 * there are partitions or slices, and where the centre of k-space is.
 * @param index number of the encoding in the header
 * @param lines all lines of one image, or volume
 */
export function resolveLayout(encoding: Encoding, index: number, lines: LineStore): ResolvedLayout {
  const { limits, encodedSpace: { matrix } } = encoding;
  const { hasPartitions } = lines.extents;
  const announced = lines.layout;
  const second = announced.is3d && hasPartitions ? "partition" : undefined;
  const [line, partition] = (["line", second] as const).map((name) =>
    name && chooseCentre({
      name,
      encoded: matrix[name === "line" ? 1 : 2],
      limit: name === "line" ? limits.kspaceEncodeStep1 : limits.kspaceEncodeStep2,
      user: lines.userCentre[name === "line" ? 0 : 1],
      energies: lines.energies(name),
    })
  );
  const crop = doubtful(encoding, lines);
  const layout = rawLayout(encoding, index, {
    hasPartitions,
    readout: announced.oversampled === undefined
      ? undefined
      : { numberOfSamples: announced.x.encoded, centerSample: 0 },
    centre: [line!.centre, partition?.centre ?? 0],
    isWhole: crop?.isWhole,
  });
  return {
    layout,
    warnings: [
      ...oversamplingRemoved(layout),
      ...(crop === undefined ? [] : [crop.warning]),
      ...echoElsewhere(layout, lines),
      ...(announced.is3d && !hasPartitions ? [slicesInMatrix(matrix[2])] : []),
      ...[line, partition].flatMap((found) => found?.warning ?? []),
    ],
    certain: line!.certain && (partition?.certain ?? true),
    fault: line!.fault ?? partition?.fault,
  };
}

function oversamplingRemoved({ x, oversampled }: RawLayout): Warning[] {
  if (oversampled === undefined) return [];
  return [{
    code: "oversampling-removed",
    message: `The header states ${oversampled} samples of the readout and the lines have ` +
      `${x.encoded}: their oversampling was taken as removed before`,
    hint: "Correct encodedSpace in the header: matrixSize.x and fieldOfView_mm.x",
  }];
}

/** Part of the energy beyond the field of view of an image from which it is not oversampling. */
const OBJECT_BEYOND = 0.02;

/** Where the field of view of the readout in the header is doubtful: what the data say of it. */
function doubtful(encoding: Encoding, lines: LineStore): Crop | undefined {
  const kept = doubtfulCrop(encoding);
  const { encodedSpace: { matrix: [samples], fieldOfView: [extent] }, reconSpace } = encoding;
  if (kept === undefined || lines.layout.oversampled !== undefined) return undefined;
  const beyond = lines.energyBeyond(kept);
  const isWhole = beyond > OBJECT_BEYOND;
  const found = isWhole
    ? `${(100 * beyond).toFixed(0)} % of the signal lies beyond these: oversampling was taken as ` +
      "removed before"
    : "no signal lies beyond these, so it was followed";
  const warning = {
    code: isWhole ? "oversampling-removed" : "readout-interpolated",
    message: `The header states ${samples} samples of the readout for ${extent} mm, of which the ` +
      `image keeps ${reconSpace.fieldOfView[0]} mm, as many pixels as samples; ${found}`,
    hint: "Correct encodedSpace in the header: matrixSize.x and fieldOfView_mm.x",
  };
  return { isWhole, warning };
}

interface Crop {
  /** Whether the samples are the field of view of the image. */
  readonly isWhole: boolean;
  readonly warning: Warning;
}

/** Where lines are shorter than the matrix and their brightest sample is not the one stated. */
function echoElsewhere({ x: { encoded } }: RawLayout, lines: LineStore): Warning[] {
  const energies = lines.columnEnergies();
  const columns = [...energies.keys()];
  const first = Math.min(...columns), last = Math.max(...columns);
  if (last - first + 1 >= encoded) return [];
  const stated = Math.floor(encoded / 2);
  const limit = { minimum: first, maximum: last, center: stated };
  const { centre, certain } = chooseCentre({ name: "line", encoded, limit, energies });
  if (!certain || centre === stated) return [];
  return [{
    code: "readout-centre",
    message:
      `The acquisitions put the echo at sample ${stated - first} (center_sample), the data at ` +
      `sample ${centre - first}: the image is less sharp along the readout than it could be`,
    hint: "Correct center_sample of the acquisitions",
  }];
}

function slicesInMatrix(depth: number): Warning {
  return {
    code: "slices-in-matrix",
    message:
      `The header states ${depth} partitions (encodedSpace.matrixSize.z) and no line has a ` +
      "partition: the scan was taken as 2-D",
    hint: "Correct encodedSpace in the header: matrixSize.z is 1 for slices",
  };
}
