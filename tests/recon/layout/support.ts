/** K-space of a small object by plain sums, and files of it with axes in any order. */
import { writeCfl } from "../../../src/io/cfl.ts";
import { concatBytes } from "../../../src/io/bytes.ts";
import {
  complexOf,
  createStack,
  elementOf,
  Hdf5Output,
  writeDataset,
} from "../../../src/io/hdf5/output.ts";
import { npyHeader } from "../../../src/io/numpy/npy.ts";
import { sizeOf } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";

/** Complex numbers, interleaved, in C order of named axes. */
export interface Named {
  readonly names: readonly string[];
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Standard deviation of the noise of real and imaginary parts; the object is about 1. */
const NOISE = 0.002;

/** Part of an axis, from its middle: -1/2 to 1/2. */
const place = (i: number, size: number) => (i - Math.floor(size / 2)) / size;

/** An object without symmetry: an ellipsoid with a dark hole and a bright dot. */
export function object([x, y, z]: readonly number[]): number {
  if ((x / 0.4) ** 2 + (y / 0.34) ** 2 + (z / 0.4) ** 2 >= 1) return 0;
  if ((x - 0.1) ** 2 + (y + 0.12) ** 2 < 0.01) return 0.2;
  return (x + 0.15) ** 2 + (y - 0.1) ** 2 + z ** 2 < 0.006 ? 2 : 1;
}

/** The truth `[...sizes]` of the object; two sizes are its middle slice. */
export function truth(sizes: readonly number[]): Float32Array {
  return Float32Array.from({ length: sizeOf(sizes) }, (_, i) => {
    const at = sizes.map((size, axis) =>
      place(Math.floor(i / sizeOf(sizes.slice(axis + 1))) % size, size)
    );
    return object([at[0], at[1], at[2] ?? 0]);
  });
}

/** How a transform is centred: `numpy.fft` alone has both in the corner. */
export interface Centring {
  readonly dc?: "centre" | "corner";
  readonly origin?: "centre" | "corner";
}

/** K-space `[coil, ...sizes]` of the object seen by coils of unit sum of squares. */
export function scan(coils: number, sizes: readonly number[], centring: Centring = {}): Named {
  const image = truth(sizes);
  const data = new Float32Array(2 * coils * image.length);
  for (let i = 0; i < image.length; i++) {
    const at = sizes.map((size, axis) =>
      place(Math.floor(i / sizeOf(sizes.slice(axis + 1))) % size, size)
    );
    const weights = Array.from({ length: coils }, (_, coil) => {
      const angle = 2 * Math.PI * coil / coils;
      const away = (at[0] - 0.6 * Math.cos(angle)) ** 2 + (at[1] - 0.6 * Math.sin(angle)) ** 2;
      return Math.exp(-away / 0.4 - (coil % 3) * 0.4 * (at[2] ?? 0));
    });
    const norm = Math.hypot(...weights);
    for (let coil = 0; coil < coils; coil++) {
      const phase = 2 * Math.PI * 0.38 * coil + 2 * at[0] - 1.5 * at[1];
      const to = 2 * (coil * image.length + i);
      data[to] = image[i] * weights[coil] / norm * Math.cos(phase);
      data[to + 1] = image[i] * weights[coil] / norm * Math.sin(phase);
    }
  }
  const shape = [coils, ...sizes];
  for (let axis = 1; axis < shape.length; axis++) transform(data, shape, axis, centring);
  const rng = new Rng(3);
  for (let i = 0; i < data.length; i++) data[i] += NOISE * rng.normal();
  return { names: ["coil", "x", "y", "z"].slice(0, shape.length), shape, data };
}

/** The orthonormal DFT along an axis, in place. */
function transform(data: Float32Array, shape: readonly number[], axis: number, by: Centring): void {
  const size = shape[axis], stride = sizeOf(shape.slice(axis + 1));
  const half = Math.floor(size / 2);
  const from = by.origin === "corner" ? 0 : half, to = by.dc === "corner" ? 0 : half;
  const line = new Float64Array(2 * size);
  for (let start = 0; start < sizeOf(shape); start++) {
    if (Math.floor(start / stride) % size !== 0) continue;
    line.fill(0);
    for (let k = 0; k < size; k++) {
      for (let n = 0; n < size; n++) {
        const angle = -2 * Math.PI * (k - to) * (n - from) / size;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const [re, im] = [data[2 * (start + n * stride)], data[2 * (start + n * stride) + 1]];
        line[2 * k] += c * re - s * im;
        line[2 * k + 1] += c * im + s * re;
      }
    }
    for (let k = 0; k < 2 * size; k++) {
      data[2 * (start + (k >> 1) * stride) + k % 2] = line[k] / Math.sqrt(size);
    }
  }
}

/** The axes in another order; one that is new has the size that is given, its members alike but for a factor. */
export function ordered(
  { names, shape, data }: Named,
  order: readonly string[],
  repeat: Readonly<Record<string, number>> = {},
): Named {
  const sizes = order.map((name) => repeat[name] ?? shape[names.indexOf(name)]);
  const strides = order.map((name) =>
    names.includes(name) ? sizeOf(shape.slice(names.indexOf(name) + 1)) : 0
  );
  const result = new Float32Array(2 * sizeOf(sizes));
  for (let i = 0; i < result.length / 2; i++) {
    let from = 0, factor = 1;
    order.forEach((name, axis) => {
      const at = Math.floor(i / sizeOf(sizes.slice(axis + 1))) % sizes[axis];
      from += at * strides[axis];
      if (name in repeat) factor *= 1 + at;
    });
    result[2 * i] = factor * data[2 * from];
    result[2 * i + 1] = factor * data[2 * from + 1];
  }
  return { names: order, shape: sizes, data: result };
}

/** K-space where `keeps` is false is set to zero; it is given the index along each axis by name. */
export function kept(
  { names, shape, data }: Named,
  keeps: (at: Readonly<Record<string, number>>) => boolean,
): Named {
  const result = data.slice();
  for (let i = 0; i < data.length / 2; i++) {
    const at = names.map((name, axis) =>
      [name, Math.floor(i / sizeOf(shape.slice(axis + 1))) % shape[axis]] as const
    );
    if (!keeps(Object.fromEntries(at))) result.fill(0, 2 * i, 2 * i + 2);
  }
  return { names, shape, data: result };
}

export function writeNpyOf(path: string, { shape, data }: Named, descr = "<c8"): string {
  const sizes = descr === "<c8" ? shape : [...shape, 2];
  const bytes = concatBytes([npyHeader(descr, sizes), new Uint8Array(data.buffer)]);
  Deno.writeFileSync(path, bytes);
  return path;
}

/** Real numbers of any shape. */
export function writeRealNpy(path: string, data: Float32Array, shape: readonly number[]): string {
  Deno.writeFileSync(path, concatBytes([npyHeader("<f4", shape), new Uint8Array(data.buffer)]));
  return path;
}

export async function writeH5Of(path: string, { shape, data }: Named, name = "kspace") {
  await using output = await Hdf5Output.create(path);
  const complex64 = complexOf(elementOf(new Float32Array()), ["r", "i"]);
  const write = createStack(output.file, name, complex64, shape);
  const size = data.length / shape[0];
  for (let i = 0; i < shape[0]; i++) {
    write(i, (bytes) => {
      new Float32Array(bytes.buffer, bytes.byteOffset, size).set(
        data.subarray(i * size, (i + 1) * size),
      );
    });
  }
  await output.finish();
  return path;
}

/** Datasets of real numbers. */
export async function writeRealH5(
  path: string,
  datasets: Readonly<Record<string, { data: Float32Array; shape: readonly number[] }>>,
) {
  await using output = await Hdf5Output.create(path);
  for (const [name, { data, shape }] of Object.entries(datasets)) {
    writeDataset(output.file, name, data, shape);
  }
  await output.finish();
  return path;
}

/** Real parts, or imaginary parts. */
export const part = ({ data }: Named, which: 0 | 1) => data.filter((_, i) => i % 2 === which);

/** BART's dimensions by the names of axes; dims lists the names in BART's order. */
export async function writeCflOf(
  stem: string,
  array: Named,
  dims: Readonly<Record<string, number>>,
) {
  const names = Object.keys(dims).sort((a, b) => dims[b] - dims[a]);
  const { shape, data } = ordered(array, names);
  const full: number[] = new Array(16).fill(1);
  names.forEach((name, i) => full[dims[name]] = shape[i]);
  await writeCfl(stem, full, data);
  return `${stem}.cfl`;
}

/** Relative error of an image to the truth, after the one scale that fits best. */
export function nrmse(image: Float32Array, wanted: Float32Array): number {
  if (image.length !== wanted.length) return Infinity;
  let cross = 0, own = 0, energy = 0;
  image.forEach((value, i) => {
    cross += value * wanted[i];
    own += value * value;
    energy += wanted[i] * wanted[i];
  });
  return Math.sqrt(Math.max(0, 1 - cross * cross / (own * energy)));
}
