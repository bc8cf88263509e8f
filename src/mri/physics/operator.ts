/**
 * Linear operators on symbolic tensors, and the multi-coil MRI operator.
 *
 * The readout was inverse-transformed when the file was read, so data live in hybrid (ky, x) space
 * and the Fourier part of 1-D undersampling is a transform along H to the acquired lines only.
 * @module
 */
import {
  add,
  concat,
  constant,
  constantOf,
  gather,
  mul,
  pad,
  reduceSum,
  reshape,
  type Shape,
  slice,
  type Tensor,
} from "../../graph/mod.ts";
import { combineFactor, type ComplexFactor, factorOf, mulFactor, swapParts } from "./complex.ts";
import {
  type Comb,
  combNormal,
  densestComb,
  dft2,
  dftH,
  dftHRows,
  dftHRowsAdjoint,
  factorLength,
} from "./dft.ts";
import type { SamplingMask } from "../sampling/masks.ts";

/** A linear operator with its adjoint. `normal` is adjoint after forward, done more cheaply where it can be. */
export interface LinearOperator {
  /** Shape it takes. */
  readonly domain: Shape;
  /** Shape it gives. */
  readonly range: Shape;
  /** A x */
  forward(x: Tensor): Tensor;
  /** A^H y */
  adjoint(y: Tensor): Tensor;
  /** A^H A x */
  normal(x: Tensor): Tensor;
  /**
   * h(x), where what was measured is not linear in x: A is then a linear stand-in with the same range,
   * whose derivative and inverse serve for those of h (h is A and steps, such as those of a quantisation).
   */
  nonlinear?(x: Tensor): Tensor;
}

/**
 * The operator that applies `first`, then `second`. Its adjoint and normal operator follow from theirs.
 * @throws {RangeError} when the range of `first` is not the domain of `second`
 */
export function compose(second: LinearOperator, first: LinearOperator): LinearOperator {
  if (`${second.domain}` !== `${first.range}`) {
    throw new RangeError(
      `Cannot compose operators: domain [${second.domain}] must equal range [${first.range}]`,
    );
  }
  return {
    domain: first.domain,
    range: second.range,
    forward: (x) => second.forward(first.forward(x)),
    adjoint: (y) => first.adjoint(second.adjoint(y)),
    normal: (x) => first.adjoint(second.normal(first.forward(x))),
  };
}

/**
 * Coil sensitivities: image `[N, 2, H, W]` to coil images `[N, C, 2, H, W]`.
 * @param maps `[M, C, 2, H, W]` with M = 1 (shared) or N
 */
export function coils(maps: Tensor, batch: number): LinearOperator {
  const [, count, , height, width] = maps.shape;
  const factor = factorOf(maps);
  const forward = (x: Tensor) => mulFactor(factor, reshape(x, [batch, 1, 2, height, width]));
  const adjoint = (y: Tensor) => {
    const sum = combineFactor(factor, y, 1); // one element where all share the samples
    return reshape(sum, [sum.shape[0], 2, height, width]);
  };
  return {
    domain: [batch, 2, height, width],
    range: [batch, count, 2, height, width],
    forward,
    adjoint,
    normal: (x) => adjoint(forward(x)),
  };
}

/**
 * Coil sensitivities of several sets (soft SENSE, Uecker et al. 2014): each set has an image of its own,
 * and the coil images are the sum over the sets of maps times image. The images of the sets lie one
 * after the other in the axis of real and imaginary parts, so that norms and inner products over all
 * axes but the first are joint, and one set is an image as ever.
 * @param maps `[S, C, 2, H, W]`
 * @returns from images `[N, 2 S, H, W]` to coil images `[N, C, 2, H, W]`
 */
export function coilSets(maps: Tensor, batch: number): LinearOperator {
  const [sets, , , height, width] = maps.shape;
  const each = Array.from({ length: sets }, (_, s) => coils(slice(maps, 0, s, s + 1), batch));
  const forward = (x: Tensor) => each.map((one, s) => one.forward(imageOfSet(x, s))).reduce(add);
  const adjoint = (y: Tensor) => concat(each.map((one) => one.adjoint(y)), 1);
  return {
    domain: [batch, 2 * sets, height, width],
    range: each[0].range,
    forward,
    adjoint,
    normal: (x) => adjoint(forward(x)),
  };
}

/** The image `[N, 2, H, W]` of one set, of images `[N, 2 S, H, W]` of several. */
function imageOfSet(x: Tensor, set: number): Tensor {
  return x.shape[1] === 2 ? x : slice(x, 1, 2 * set, 2 * set + 2);
}

/**
 * Cost of moving one element through memory, in multiplications. Chosen so that the ways to apply F^H F
 * rank as their times did on a 2-core CPU.
 */
const ELEMENT_MOVE_COST = 60;

/**
 * Fourier transform to the acquired samples.
 *
 * With a mask of lines, from hybrid images `[N, C, 2, H, W]` to the K acquired lines
 * `[N, C, 2, K, W]`. With a mask of the plane, to all of k-space with zeros where nothing was
 * acquired.
 * @param shape `[N, C, 2, H, W]`
 */
export function sampledFourier(shape: Shape, mask: SamplingMask): LinearOperator {
  return mask.isLines
    ? lineFourier(shape, mask)
    : maskedFourier(shape, constant(mask.grid()), dft2);
}

function lineFourier(shape: Shape, mask: SamplingMask): LinearOperator {
  const [batch, count, , height, width] = shape;
  const { lines } = mask;
  const forward = (x: Tensor) => dftHRows(x, lines, "forward");
  const adjoint = (y: Tensor) => dftHRowsAdjoint(y, lines, height, "forward");
  // Ways to apply F^H F, and the multiplications that each takes for a column, roughly counted.
  const ways = [{ cost: 8 * lines.length * height, normal: (x: Tensor) => adjoint(forward(x)) }];
  const factors = factorLength(height);
  if (factors !== null) {
    ways.push({
      cost: (8 * (factors[0] + factors[1]) + 4 * ELEMENT_MOVE_COST) * height,
      normal: maskedFourier(shape, constant(mask.grid()), dftH).normal,
    });
  }
  const comb = densestComb(lines, height);
  if (comb !== undefined) {
    const others = lines.filter((line) => line % comb.period !== comb.first);
    ways.push({
      cost: (8 * others.length + 4 * comb.period + 2 * ELEMENT_MOVE_COST) * height,
      normal: (x) => normalByFolding(x, comb, others),
    });
  }
  const { normal } = ways.reduce((a, b) => b.cost < a.cost ? b : a);
  return {
    domain: shape,
    range: [batch, count, 2, lines.length, width],
    forward,
    adjoint,
    normal,
  };
}

/**
 * Equispaced lines: A^H A is a circulant fold of R aliases, without a transform. The remaining lines
 * (calibration) go through the DFT.
 */
function normalByFolding(x: Tensor, comb: Comb, others: readonly number[]): Tensor {
  const folded = combNormal(x, comb);
  if (others.length === 0) return folded;
  const transformed = dftHRows(x, others, "forward");
  return add(folded, dftHRowsAdjoint(transformed, others, x.shape[x.rank - 2], "forward"));
}

/** Transform to all of k-space, with zeros where nothing was acquired (`kept` is 0). */
function maskedFourier(shape: Shape, kept: Tensor, transform: typeof dft2): LinearOperator {
  const forward = (x: Tensor) => mul(transform(x, "forward"), kept);
  return {
    domain: shape,
    range: shape,
    forward,
    adjoint: (y) => transform(mul(y, kept), "inverse"),
    normal: (x) => transform(forward(x), "inverse"),
  };
}

/** y `[..., 2, rows, W]` in all of k-space, `[..., 2, H, W]`, with zeros where nothing was acquired. */
export function onAllLines(y: Tensor, { lines, height }: SamplingMask): Tensor {
  if (lines.length === height) return y;
  const axis = y.rank - 2;
  const pads = new Array(2 * y.rank).fill(0);
  pads[y.rank + axis] = 1; // a line of zeros after the acquired ones
  const at = new BigInt64Array(height).fill(BigInt(lines.length));
  lines.forEach((line, row) => at[line] = BigInt(row));
  return gather(pad(y, pads), constantOf(at, [height]), axis);
}

/**
 * The multi-coil operator: sampling o Fourier o coils, from images `[N, 2 S, H, W]` of S sets of maps
 * (see `coilSets`; one set is `[N, 2, H, W]`) to acquired samples (see `sampledFourier`).
 *
 * Its normal operator goes coil by coil, so that what one coil needs stays in the cache: a seventh
 * faster than all coils at once at 15 x 640 x 368.
 * @param maps coil sensitivities `[S, C, 2, H, W]`
 */
export function mriOperator(maps: Tensor, mask: SamplingMask, batch = 1): LinearOperator {
  const sensitivities = maps.shape[0] === 1 ? coils(maps, batch) : coilSets(maps, batch);
  const whole = compose(sampledFourier(sensitivities.range, mask), sensitivities);
  return { ...whole, normal: coilwiseNormal(maps, mask, batch) };
}

/** Sum over the coils of S^H F^H F S, with the swap of the adjoint done once, on the sum. */
function coilwiseNormal(maps: Tensor, mask: SamplingMask, batch: number): (x: Tensor) => Tensor {
  const [sets, count, , height, width] = maps.shape;
  const { re, im } = factorOf(maps);
  const fourier = sampledFourier([batch, 1, 2, height, width], mask);
  const one = (x: Tensor, set: number, coil: number) =>
    slice(sets === 1 ? x : slice(x, 0, set, set + 1), 1, coil, coil + 1);
  const factors = Array.from(
    { length: sets },
    (_, set) =>
      Array.from({ length: count }, (_, coil): ComplexFactor => ({
        re: one(re, set, coil),
        im: one(im, set, coil),
      })),
  );
  return (x) => {
    const images = factors.map((_, set) => {
      const image = reshape(imageOfSet(x, set), [batch, 1, 2, height, width]);
      return { image, swapped: swapParts(image) };
    });
    const totals: ComplexFactor[] = [];
    for (let coil = 0; coil < count; coil++) {
      const seen = images.map(({ image, swapped }, set) => {
        const factor = factors[set][coil];
        return add(mul(factor.re, image), mul(factor.im, swapped));
      }).reduce(add);
      const y = fourier.normal(seen);
      factors.forEach((ofSet, set) => {
        const term = { re: mul(ofSet[coil].re, y), im: mul(ofSet[coil].im, y) };
        totals[set] = coil === 0 ? term : {
          re: add(totals[set].re, term.re),
          im: add(totals[set].im, term.im),
        };
      });
    }
    const results = totals.map(({ re, im }) =>
      reshape(add(re, swapParts(im)), [batch, 2, height, width])
    );
    return sets === 1 ? results[0] : concat(results, 1);
  };
}

/** Re <a, b> of planar complex tensors for each element of the batch, with axes kept. */
export function innerProduct(a: Tensor, b: Tensor): Tensor {
  const axes = a.shape.map((_, axis) => axis).slice(1);
  return reduceSum(mul(a, b), axes, { keepDims: true });
}

/** A^H A + weight I: what regularised least squares inverts. */
export function regularised(
  operator: LinearOperator,
  weight: Tensor | number,
): (x: Tensor) => Tensor {
  return (x) => add(operator.normal(x), mul(x, weight));
}

/**
 * The multi-coil operator with a mask that is a tensor: it may change from run to run.
 * @param maps `[N, C, 2, H, W]`
 * @param acquired 1 for samples that are kept, 0 for others: `[H, 1]` of lines, `[H, W]` of a plane
 * @returns from `[N, 2, H, W]` to hybrid (ky, x) space or, with a mask of a plane, k-space, with zeros:
 * `[N, C, 2, H, W]`
 */
export function maskedOperator(maps: Tensor, acquired: Tensor): LinearOperator {
  const sensitivities = coils(maps, maps.shape[0]);
  const transform = acquired.shape[1] === 1 ? dftH : dft2;
  return compose(maskedFourier(sensitivities.range, acquired, transform), sensitivities);
}
