/** figure.svg of a comparison: every method beside the reference, with errors and deviations below. @module */
import { Buffer } from "node:buffer";
import { encodePngRgb } from "../../io/png.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { type NdArray, partOf } from "../../ndarray.ts";
import { colourAt, type ColourBar, GREYS, HEAT, type Scale } from "../../report/colour_scale.ts";
import type { Comparison } from "../../report/comparison.ts";
import { runLabels } from "../../report/labels.ts";
import { niceAbove } from "../../report/page/pictures.ts";
import type { ReportImages } from "../../report/page/report_html.ts";
import { sheet, type SheetColumn } from "../../report/sheet.ts";
import { difference, ERROR_GAIN, white } from "./preview.ts";

/** Part of the pixels (per cent) whose standard deviation is within the scale. */
const STD_PERCENTILE = 99.5;

/**
 * The middle slice of the first input under one mask: the reference, then every method that has an
 * image, with PSNR over the head; below each its absolute error, on a scale a fifth of the images',
 * and the standard deviation of its samples on its own.
 * @param mask of the runs that are shown
 * @returns the text of an SVG file; undefined without a reference
 */
export async function comparisonFigure(
  { runs }: Comparison,
  mask: string,
  images: ReportImages,
): Promise<string | undefined> {
  const volume = await images.reference(0);
  if (volume === undefined) return undefined;
  const middle = Math.floor(volume.shape[0] / 2);
  const reference = partOf(volume, middle), [rows, columns] = reference.shape;
  const most = volume.data.reduce((a, b) => Math.max(a, b), 0) || 1, top = white(reference);
  const found = [];
  for (const [i, run] of runs.entries()) {
    if (run.input !== 0 || run.mask !== mask || run.error !== null) continue;
    const recon = await images.recon(run.key);
    const std = run.files.std && await images.std(run.key);
    if (recon !== undefined) {
      found.push({ run, i, image: partOf(recon, middle), std: std && partOf(std, middle) });
    }
  }
  const deviations = found.flatMap(({ std }) => std ? percentile(std.data, STD_PERCENTILE) : []);
  const deviation = niceAbove(Math.max(0, ...deviations) / most) * most;
  const error = top / ERROR_GAIN;
  const labels = runLabels(runs);
  const sheetColumns: SheetColumn[] = [
    { title: "reference", pictures: [picture(reference, GREYS, top), undefined, undefined] },
    ...found.map(({ run: { head }, i, image, std }) => ({
      title: labels[i],
      note: head?.psnr == null ? undefined : `${head.psnr.toFixed(2)} dB`,
      pictures: [
        picture(image, GREYS, top),
        picture(difference(image, reference), HEAT, error),
        std && picture(std, HEAT, deviation),
      ],
    })),
  ];
  const bar = (name: string, scale: Scale, high: number): ColourBar => (
    { name, scale, low: 0, high: 100 * high / most }
  );
  const [down, right] = images.pixelSize?.(0) ?? [1, 1];
  return sheet({
    columns: sheetColumns,
    aspect: rows * down / (columns * right),
    width: images.pixelSize?.(0) && columns * right,
    bars: [
      bar("image", GREYS, top),
      bar("absolute error", HEAT, error),
      ...deviations.length > 0 ? [bar("standard deviation", HEAT, deviation)] : [],
    ],
    note: `${mask === "data" ? "As acquired" : mask}; values in % of the reference’s maximum; ` +
      "PSNR over the head",
  });
}

/** A picture as data URL: 0 at the lower end of the scale, `high` at the upper one. */
function picture({ data, shape: [rows, columns] }: NdArray, scale: Scale, high: number): string {
  const pixels = new Uint8Array(3 * data.length);
  data.forEach((value, i) => pixels.set(colourAt(scale, value > 0 ? value / high : 0), 3 * i));
  const png = Buffer.from(encodePngRgb(pixels, rows, columns));
  return `data:image/png;base64,${png.toString("base64")}`;
}
