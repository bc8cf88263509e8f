/** Convolutions of images, and the kernels of blur. @module */
import { constantOf, mul, pad, reshape, type Shape, slice, type Tensor } from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { complexMul, complexOf, conjugate, squaredMagnitude } from "./complex.ts";
import { dft2 } from "./dft.ts";
import { compose, type LinearOperator } from "./operator.ts";

/** A circular convolution, diagonal in the Fourier basis. */
export interface Convolution extends LinearOperator {
  /** |transfer function|^2, `[1, 1, H, W]`: the eigenvalues of A^H A. */
  readonly squares: Tensor;
}

/**
 * Circular convolution with a real kernel, whose middle (floor of half of its sides) is its origin:
 * `y[p] = sum_q k[q] x[p - q]`. Real and imaginary parts are convolved alike.
 * @param shape `[N, 2 S, H, W]`
 * @param kernel `[h, w]`, at most as large as the image; an array, or a tensor that may change
 * @throws {RangeError} for a kernel that is larger than the image
 */
export function convolution(shape: Shape, kernel: NdArray | Tensor): Convolution {
  const [height, width] = shape.slice(-2);
  const [h, w] = kernel.shape;
  if (h > height || w > width) {
    throw new RangeError(
      `Cannot convolve ${height} x ${width} pixels with a kernel of ${h} x ${w}: a kernel of at ` +
        "most the size of the image is required",
    );
  }
  const values = "data" in kernel ? constantOf(kernel.data, kernel.shape) : kernel;
  const before = [height, width].map((size, i) => Math.floor(size / 2) - Math.floor([h, w][i] / 2));
  const after = [height - h - before[0], width - w - before[1]];
  const placed = pad(values, [...before, ...after]);
  const spectrum = dft2(complexOf(reshape(placed, [1, 1, height, width])), "forward");
  const transfer = mul(spectrum, Math.sqrt(height * width));
  const within = (x: Tensor, factor: (spectrum: Tensor) => Tensor) => {
    const images = reshape(x, [x.shape[0] * x.shape[1] / 2, 2, height, width]);
    return reshape(dft2(factor(dft2(images, "forward")), "inverse"), x.shape);
  };
  const squares = squaredMagnitude(transfer);
  return {
    domain: shape,
    range: shape,
    squares,
    forward: (x) => within(x, (f) => complexMul(transfer, f)),
    adjoint: (y) => within(y, (f) => complexMul(conjugate(transfer), f)),
    normal: (x) => within(x, (f) => mul(squares, f)),
  };
}

/** Zeros around an image: `before` and `after` rows and columns. Its adjoint crops. */
export function padding(
  shape: Shape,
  before: readonly [number, number],
  after: readonly [number, number],
): LinearOperator {
  const outer = shape.slice(0, -2);
  const zeros = new Array<number>(outer.length).fill(0);
  const [height, width] = shape.slice(-2);
  const forward = (x: Tensor) => pad(x, [...zeros, ...before, ...zeros, ...after]);
  const adjoint = (y: Tensor) =>
    slice(
      slice(y, y.rank - 2, before[0], before[0] + height),
      y.rank - 1,
      before[1],
      before[1] + width,
    );
  return {
    domain: shape,
    range: [...outer, height + before[0] + after[0], width + before[1] + after[1]],
    forward,
    adjoint,
    normal: (x) => x,
  };
}

/**
 * What the sensor of a camera without lens sees: the scene, dark beyond its edges, convolved with the
 * point spread function of the mask, of which the sensor keeps the part in the middle.
 * @param shape `[N, 2 S, H, W]`
 * @param psf `[h, w]`, at most as large as the image
 * @param sensor rows and columns of the sensor, at most those of the image
 */
export function lenslessCamera(
  shape: Shape,
  psf: NdArray,
  sensor: readonly [number, number],
): LinearOperator {
  const size = shape.slice(-2);
  const [before, after] = [Math.floor, Math.ceil].map((half) =>
    psf.shape.map((side) => half(side / 2)) as [number, number]
  );
  const canvas = padding(shape, before, after);
  const [height, width] = canvas.range.slice(-2);
  const start = [0, 1].map((i) => before[i] + Math.floor((size[i] - sensor[i]) / 2));
  const seen: [number, number] = [start[0], start[1]];
  const rest: [number, number] = [height - seen[0] - sensor[0], width - seen[1] - sensor[1]];
  const frame = padding([...shape.slice(0, -2), ...sensor], seen, rest);
  return compose(adjointOf(frame), compose(convolution(canvas.range, psf), canvas));
}

/** A^H as an operator. */
export function adjointOf({ domain, range, forward, adjoint }: LinearOperator): LinearOperator {
  return {
    domain: range,
    range: domain,
    forward: adjoint,
    adjoint: forward,
    normal: (y) => forward(adjoint(y)),
  };
}

/**
 * The kernel of a straight motion of the camera, of unit sum: a line with soft ends, `[size, size]`.
 * @param length pixels, above 0
 * @param angle degrees from the direction of columns (to the right) upwards
 */
export function motionKernel(length: number, angle: number): NdArray {
  const half = Math.ceil(length / 2) + 1, size = 2 * half + 1;
  const [cos, sin] = [Math.cos, Math.sin].map((f) => f(angle * Math.PI / 180));
  const value = (i: number) => {
    const x = i % size - half, y = half - Math.floor(i / size);
    const along = Math.abs(x * cos + y * sin), across = Math.abs(y * cos - x * sin);
    const soft = (beyond: number) => Math.min(Math.max(0.5 - beyond, 0), 1);
    return soft(along - length / 2) * soft(across - 0.5);
  };
  return unitSum(ndarray(Float32Array.from({ length: size * size }, (_, i) => value(i)), [
    size,
    size,
  ]));
}

/** A kernel divided by its sum. @throws {RangeError} where that is not above 0 */
export function unitSum({ data, shape }: NdArray): NdArray {
  const sum = data.reduce((total, value) => total + value, 0);
  if (!(sum > 0)) {
    throw new RangeError(`Cannot blur with a kernel of sum ${sum}: a sum above 0 is required`);
  }
  return ndarray(data.map((value) => value / sum), shape);
}
