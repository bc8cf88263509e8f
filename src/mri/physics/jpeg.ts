/** JPEG's transform and quantisation as graphs: what a picture loses when it is stored. @module */
import {
  add,
  constantOf,
  div,
  matMul,
  max,
  min,
  mul,
  reshape,
  round,
  sub,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { imagPart, joinParts, realPart } from "./complex.ts";

/** Side of a block. */
const BLOCK = 8;
/** Grey values of 8 bits, and what is taken off before the transform. */
const WHITE = 255, LEVEL_SHIFT = 128;

/** The example tables of the standard (ITU-T T.81, annex K.1): luminance and chrominance, by rows. */
const LUMINANCE = [
  ...[16, 11, 10, 16, 24, 40, 51, 61],
  ...[12, 12, 14, 19, 26, 58, 60, 55],
  ...[14, 13, 16, 24, 40, 57, 69, 56],
  ...[14, 17, 22, 29, 51, 87, 80, 62],
  ...[18, 22, 37, 56, 68, 109, 103, 77],
  ...[24, 35, 55, 64, 81, 104, 113, 92],
  ...[49, 64, 78, 87, 103, 121, 120, 101],
  ...[72, 92, 95, 98, 112, 100, 103, 99],
];
const CHROMINANCE = [
  ...[17, 18, 24, 47, 99, 99, 99, 99],
  ...[18, 21, 26, 66, 99, 99, 99, 99],
  ...[24, 26, 56, 99, 99, 99, 99, 99],
  ...[47, 66, 99, 99, 99, 99, 99, 99],
  ...new Array<number>(32).fill(99),
];

/** Red, green, blue to luminance and two chrominances about 0 (ITU-R BT.601, as JFIF has it). */
const TO_YCC = [
  ...[0.299, 0.587, 0.114],
  ...[-0.168735892, -0.331264108, 0.5],
  ...[0.5, -0.418687589, -0.081312411],
];
const TO_RGB = [
  ...[1, 0, 1.402],
  ...[1, -0.344136286, -0.714136286],
  ...[1, 1.772, 0],
];

/**
 * The quantisation tables of a quality, by the usual rule of libjpeg: 50 is the standard's example.
 * @param quality 1 to 100
 * @returns steps of luminance and chrominance, 64 each by rows
 */
export function jpegTables(quality: number): readonly [readonly number[], readonly number[]] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scaled = (table: readonly number[]) =>
    table.map((step) => Math.min(Math.max(Math.floor((step * percent + 50) / 100), 1), 255));
  return [scaled(LUMINANCE), scaled(CHROMINANCE)];
}

/** JPEG for pictures of one size; images are `[N, 2 S, H, W]` with S = 1 (grey) or 3 (colour). */
export interface Jpeg {
  /** The numbers that a file holds: quantised coefficients `[N, S, H, W]`. */
  encode(x: Tensor): Tensor;
  /** The picture of a file's numbers, with imaginary parts of 0. */
  decode(coefficients: Tensor): Tensor;
  /** The nearest image whose coefficients round to those of a file; in colour, nearest in YCbCr. */
  project(x: Tensor, coefficients: Tensor): Tensor;
}

/**
 * Baseline JPEG without subsampling of colours (4:4:4). The 8 x 8 cosine transform is orthonormal, so
 * that encode(decode(encode(x))) = encode(x). Imaginary parts are left out. Pixels are not rounded nor cut
 * off at black and white.
 * @param size H and W, multiples of 8
 * @param quality 1 to 100
 * @param scale what an image is multiplied by to be from 0 (black) to 1 (white)
 * @throws {RangeError} when the image is not made of whole blocks
 */
export function jpeg(size: readonly [number, number], quality: number, scale = 1): Jpeg {
  const [height, width] = size;
  if (size.some((side) => side % BLOCK !== 0)) {
    throw new RangeError(
      `Cannot store ${height} x ${width} pixels as JPEG: sides of whole blocks of ${BLOCK} are required`,
    );
  }
  const [down, across] = [blockCosines(height), blockCosines(width)];
  const steps = (channels: number) => {
    const [luminance, chrominance] = jpegTables(quality);
    const tables = [luminance, chrominance, chrominance].slice(0, channels);
    const data = tables.flatMap((table) =>
      Array.from({ length: height * width }, (_, i) => {
        return table[(Math.floor(i / width) % BLOCK) * BLOCK + i % width % BLOCK];
      })
    );
    return constantOf(Float32Array.from(data), [channels, height, width]);
  };
  const analyse = (x: Tensor) => {
    const [batch, parts] = x.shape, channels = parts / 2;
    const real = realPart(reshape(x, [batch, channels, 2, height, width]));
    const levels = mul(reshape(real, [batch, channels, height, width]), scale * WHITE);
    const colours = shifted(converted(levels, TO_YCC), -LEVEL_SHIFT);
    return matMul(matMul(down, colours), swapLastAxes(across));
  };
  const synthesise = (c: Tensor) => {
    const [batch, channels] = c.shape;
    const colours = shifted(matMul(matMul(swapLastAxes(down), c), across), LEVEL_SHIFT);
    const real = mul(converted(colours, TO_RGB), 1 / (scale * WHITE));
    const parts = reshape(real, [batch, channels, 1, height, width]);
    return reshape(joinParts(parts, mul(parts, 0)), [batch, 2 * channels, height, width]);
  };
  return {
    encode: (x) => round(div(analyse(x), steps(x.shape[1] / 2))),
    decode: (coefficients) => synthesise(mul(coefficients, steps(coefficients.shape[1]))),
    project(x, coefficients) {
      const table = steps(coefficients.shape[1]);
      const found = div(analyse(x), table);
      const near = min(max(found, sub(coefficients, WITHIN)), add(coefficients, WITHIN));
      return synthesise(mul(near, table));
    },
  };
}

/** Half a step, less what float32 may round. */
const WITHIN = 0.499;

/** The orthonormal cosine transform of blocks of 8, `[side, side]`. */
function blockCosines(side: number): Tensor {
  const entry = (i: number) => {
    const row = Math.floor(i / side), column = i % side;
    if (Math.floor(row / BLOCK) !== Math.floor(column / BLOCK)) return 0;
    const k = row % BLOCK, n = column % BLOCK;
    const norm = Math.sqrt((k === 0 ? 1 : 2) / BLOCK);
    return norm * Math.cos(Math.PI * (2 * n + 1) * k / (2 * BLOCK));
  };
  return constantOf(Float32Array.from({ length: side * side }, (_, i) => entry(i)), [side, side]);
}

/** Colours `[N, 3, H, W]` by a matrix; grey stays. */
function converted(x: Tensor, matrix: readonly number[]): Tensor {
  const [batch, channels, height, width] = x.shape;
  if (channels === 1) return x;
  const colours = reshape(x, [batch, channels, height * width]);
  return reshape(matMul(constantOf(Float32Array.from(matrix), [3, 3]), colours), x.shape);
}

/** The shift of the luminance alone: chrominances are about 0 already. */
function shifted(x: Tensor, level: number): Tensor {
  const levels = Float32Array.from(
    { length: x.shape[1] },
    (_, channel) => channel === 0 ? level : 0,
  );
  return add(x, constantOf(levels, [levels.length, 1, 1]));
}

/** The imaginary parts of `[N, 2 S, H, W]` alone, real parts 0. */
export function imaginaryOnly(x: Tensor): Tensor {
  const [batch, parts, ...size] = x.shape;
  const apart = reshape(x, [batch, parts / 2, 2, ...size]);
  return reshape(joinParts(mul(realPart(apart), 0), imagPart(apart)), x.shape);
}
