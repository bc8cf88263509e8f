/** figure.png of a comparison: every method beside the reference, with its error below. @module */
import { encodePng, montage, window } from "../../io/png.ts";
import { type NdArray, partOf, zeros } from "../../ndarray.ts";
import type { Comparison } from "../../report/comparison.ts";
import { runLabels } from "../../report/labels.ts";
import type { ReportImages } from "../../report/page/report_html.ts";
import { difference, ERROR_GAIN, labelled, white } from "./preview.ts";

const COLUMNS = 6;

/**
 * The middle slice of the first input under one mask: the reference, then every method that has an
 * image, with PSNR over the head, in rows of six; below each row the errors, five times as bright.
 * @param mask of the runs that are shown
 * @returns undefined without a reference
 */
export async function comparisonFigure(
  { runs }: Comparison,
  mask: string,
  images: ReportImages,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const volume = await images.reference(0);
  if (volume === undefined) return undefined;
  const middle = Math.floor(volume.shape[0] / 2);
  const reference = partOf(volume, middle);
  const top = white(reference);
  const show = (image: NdArray) => window(image, 0, top);
  const columns: (readonly [NdArray, NdArray])[] = [
    [labelled("reference", show(reference)), labelled(`error x${ERROR_GAIN}`, empty(reference))],
  ];
  const labels = runLabels(runs);
  for (const [i, run] of runs.entries()) {
    if (run.input !== 0 || run.mask !== mask || run.error !== null) continue;
    const recon = await images.recon(run.key);
    if (recon === undefined) continue;
    const image = partOf(recon, middle);
    const error = window(difference(image, reference), 0, top / ERROR_GAIN);
    const decibels = run.head?.psnr == null ? "" : `${run.head.psnr.toFixed(2)} db`;
    columns.push([labelled(labels[i], show(image)), labelled(decibels, error)]);
  }
  return encodePng(montage(inRows(columns), COLUMNS));
}

/** Images of some columns, then their errors, then the next columns. */
function inRows(columns: readonly (readonly [NdArray, NdArray])[]): NdArray[] {
  const tiles: NdArray[] = [];
  for (let start = 0; start < columns.length; start += COLUMNS) {
    for (const which of [0, 1] as const) {
      for (let i = start; i < start + COLUMNS; i++) {
        tiles.push(columns[i]?.[which] ?? empty(columns[0][which]));
      }
    }
  }
  return tiles;
}

const empty = ({ shape }: NdArray): NdArray => zeros(shape);
