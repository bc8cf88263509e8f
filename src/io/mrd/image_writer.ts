/** Writing images as an ISMRMRD file: one group, `image_0`, `image_1`, ..., a series. @module */
import { type MrdImage, PIXEL_TYPES } from "../../mrd/values.ts";
import { bytesOf } from "../bytes.ts";
import type { Hdf5File } from "../hdf5/library.ts";
import { complexOf, createStack, elementOf, Hdf5Output, writeTexts } from "../hdf5/output.ts";
import { IMAGE } from "./headers.ts";
import { RecordSink } from "./mrd_writer.ts";
import { IMAGE_TEMPLATES } from "./templates.ts";

/**
 * Writes images in the group `dataset`. The file appears under its name when it is complete.
 * @param content the header of the measurement, kept as it is; and 1 to 4 series, whose images are
 *   of the same size and type
 */
export async function writeMrdImages(
  path: string,
  { xml, series }: { xml?: string; series: readonly (readonly MrdImage[])[] },
): Promise<void> {
  const template = IMAGE_TEMPLATES[series.length];
  if (template === undefined) {
    throw new RangeError(
      `Cannot write ${series.length} series of images: 1 to ` +
        `${Object.keys(IMAGE_TEMPLATES).length} are possible`,
    );
  }
  series.forEach(checkSeries);
  await using output = await Hdf5Output.create(path, template);
  if (xml !== undefined) writeTexts(output.file, "dataset/xml", [xml]);
  series.forEach((images, index) => writeSeries(output.file, `dataset/image_${index}`, images));
  await output.finish();
}

function writeSeries(file: Hdf5File, group: string, images: readonly MrdImage[]): void {
  const headers = new RecordSink(file, `${group}/header`);
  for (const { header, attributes } of images) {
    const attributeStringLength = new TextEncoder().encode(attributes).length;
    const bytes = IMAGE.encode({ ...header, attributeStringLength });
    headers.add({ header: bytes, sequences: [] });
  }
  headers.flush();
  writeTexts(file, `${group}/attributes`, images.map(({ attributes }) => attributes));
  const [{ header, data }] = images;
  const [x, y, z] = header.matrixSize;
  const shape = [images.length, header.channels, z, y, x];
  const part = elementOf(data);
  const { complex } = PIXEL_TYPES[header.dataType as keyof typeof PIXEL_TYPES];
  const element = complex ? complexOf(part, ["real", "imag"]) : part;
  const write = createStack(file, `${group}/data`, element, shape);
  images.forEach(({ data }, index) => write(index, (target) => target.set(bytesOf(data))));
}

/** Checks that the images of a series are alike, and their pixels as their headers say. */
function checkSeries(images: readonly MrdImage[]): void {
  if (images.length === 0) throw new RangeError("Cannot write a series without images");
  const [first] = images;
  for (const { header, data } of images) {
    const type = PIXEL_TYPES[header.dataType as keyof typeof PIXEL_TYPES];
    const pixels = header.matrixSize.reduce((a, b) => a * b) * header.channels;
    const alike = header.dataType === first.header.dataType &&
      header.channels === first.header.channels &&
      `${header.matrixSize}` === `${first.header.matrixSize}`;
    const fits = type !== undefined && data instanceof type.array &&
      data.length === pixels * (type.complex ? 2 : 1);
    if (alike && fits) continue;
    throw new RangeError(
      `Cannot write an image of type ${header.dataType}, [${header.matrixSize}] x ` +
        `${header.channels} with ${data.length} values: one like the first of its series is required`,
    );
  }
}
