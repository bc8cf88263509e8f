/** How far the spectrum of images is from that of others. @module */
import {
  add,
  constant,
  div,
  log,
  matMul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  type Runtime,
  sqrt,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { complexOf, squaredMagnitude } from "../physics/complex.ts";
import { dft2 } from "../physics/dft.ts";

/** Power that counts as none, as a part of the mean. */
const FLOOR = 1e-10;

/**
 * Root mean square over rings of frequencies, one pixel wide, of the logarithm of the ratio of the mean
 * powers, in dB: 0 where images have as much of every frequency as the reference, whatever the phase.
 * Smooth estimates lack power at high frequencies, so it tells how natural an image looks, not how right it
 * is: the perception side of a curve of perception and distortion, without a network. It cannot see
 * structure in the phases (an image of noise of that spectrum has 0), and noise of the reference counts.
 * Frequencies in the corners, beyond the rings that fit, are left out.
 * @param image `[slices, H, W]`; the powers of all slices are added up
 * @param reference of the same shape
 */
export async function spectralDistance(
  runtime: Runtime,
  image: NdArray,
  reference: NdArray,
): Promise<number> {
  const { shape } = reference, [slices, height, width] = shape;
  const rings = constant(ringMeans(height, width));
  const power = (x: Tensor) => {
    const spectrum = dft2(complexOf(reshape(x, [slices, 1, height, width])), "forward");
    const all = reduceSum(squaredMagnitude(spectrum), [0], { keepDims: true });
    return matMul(rings, reshape(all, [height * width, 1]));
  };
  const program = await runtime.build({ image: shape, reference: shape }, (tensors) => {
    const [found, wanted] = [power(tensors.image), power(tensors.reference)];
    const floor = mul(reduceMean(wanted), FLOOR);
    const ratio = mul(log(div(add(found, floor), add(wanted, floor))), 10 / Math.LN10);
    return { distance: sqrt(reduceMean(mul(ratio, ratio))) };
  });
  const { distance } = await program.run({ image, reference });
  return distance.data[0];
}

/** Weights `[rings, H W]` of the means over rings about the middle, without the zero frequency. */
function ringMeans(height: number, width: number): NdArray {
  const count = Math.floor(Math.min(height, width) / 2), side = Math.min(height, width);
  const sizes = new Array<number>(count).fill(0);
  const ringOf = (i: number) => {
    const row = (Math.floor(i / width) - Math.floor(height / 2)) / height;
    const column = (i % width - Math.floor(width / 2)) / width;
    return Math.round(Math.hypot(row, column) * side) - 1;
  };
  const data = new Float32Array(count * height * width);
  for (let i = 0; i < height * width; i++) {
    const ring = ringOf(i);
    if (ring >= 0 && ring < count) sizes[ring]++;
  }
  for (let i = 0; i < height * width; i++) {
    const ring = ringOf(i);
    if (ring >= 0 && ring < count) data[ring * height * width + i] = 1 / sizes[ring];
  }
  return ndarray(data, [count, height * width]);
}
