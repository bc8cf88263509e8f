/**
 * Two sets of ESPIRiT maps, for objects that are larger than the field of view: where parts of them lie
 * on top of each other, the matrix of a pixel has two eigenvalues near 1, and its coil vectors are a plane
 * (Uecker et al. 2014, "soft SENSE").
 *
 * Eigenvectors of a plane are arbitrary. Here the first set goes on from row to row, from the middle of
 * the field of view outwards, so that it stays with the part of the object that belongs there. The
 * second is what is left: the part that is folded in. So both images are parts of the object, as priors
 * expect them. The phase of the second is that of its surroundings.
 * @module
 */
import {
  cast,
  concat,
  div,
  greater,
  matMul,
  max,
  mul,
  pow,
  reshape,
  type Runtime,
  type Shape,
  slice,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray, stack, zeros } from "../../ndarray.ts";
import {
  type CoarseMaps,
  gridPixels,
  kernelPhases,
  pixelMatrices,
  SPAN,
  tileRows,
} from "./espirit.ts";
import {
  alignedTo,
  deflated,
  principalVectors,
  rayleigh,
  signalProjection,
} from "./hermitian_tensors.ts";
import { periodicGaussian, smoothPhase } from "./smooth_phase.ts";

const TINY = 1e-20;

/**
 * Columns that a row tells the next about, as a standard deviation of the field of view. Each for itself
 * (0) left streaks, which cost 0.3 dB on a head with a weak fold; of 0 to 0.1, 0.05 was the best on seven
 * folded validation slices.
 */
const NEIGHBOURS = 0.05;

/** Power of the second eigenvalue that weighs its vectors when their phase is chosen. */
const WEIGHT_POWER = 8;

/**
 * Compiles two sets of vectors.
 * @returns a function of what `espiritKernel` gives, the first eigenvalues `[h, w]`, and the eigenvalue below
 *   which the first set has no weight, to the two sets. Where it has none, the second is the strongest direction:
 *   the part of the object that the first follows has ended there, and what is folded in goes on.
 */
export async function compileTwoSets(
  runtime: Runtime,
  coils: number,
  [height, width]: readonly [number, number],
): Promise<
  (
    kernel: Readonly<Record<string, NdArray>>,
    eigenvalues: NdArray,
    least: number,
  ) => Promise<readonly [CoarseMaps, CoarseMaps]>
> {
  const [rows, columns] = [gridPixels(height), gridPixels(width).length];
  const tile = tileRows(coils, [height, width]);
  const vectorsOf = (count: number): Shape => [count * columns, 2 * coils, 1];
  const kernelShapes = {
    correlation: [2, SPAN, SPAN, coils, coils],
    phases: [2 * tile, 2 * SPAN],
  };
  const first = await runtime.build(
    {
      ...kernelShapes,
      start: vectorsOf(1),
      reference: [2 * coils, 1],
      eigenvalues: [tile * columns, 1, 1],
    },
    ({ correlation, phases, start, reference, eigenvalues }) => {
      const matrices = pixelMatrices(correlation, phases, width);
      const projections = signalProjection(div(matrices, max(eigenvalues, TINY)));
      return { vectors: carried(projections, start, reference) };
    },
  );
  const second = await runtime.build(
    { ...kernelShapes, other: vectorsOf(tile), strongest: [tile * columns, 1, 1], least: [1, 1] },
    ({ correlation, phases, other, strongest, least }) => {
      const matrices = pixelMatrices(correlation, phases, width);
      const firsts = rayleigh(matrices, other);
      const is = (x: Tensor) => cast(greater(x, least), "float32");
      const isOut = mul(sub(1, is(firsts)), is(strongest)); // of the object, but not in the first set
      const rest = deflated(matrices, mul(other, sub(1, isOut)));
      const vectors = principalVectors(rest);
      return { vectors, values: rayleigh(rest, vectors), firsts };
    },
  );
  const pixels = rows.length * columns;
  const phase = await runtime.build(
    { vectors: vectorsOf(rows.length), values: [pixels, 1, 1] },
    ({ vectors, values }) => {
      const weights = pow(max(values, 0), WEIGHT_POWER);
      return { smooth: smoothPhase(vectors, weights, [rows.length, columns]) };
    },
  );
  /** Goes through rows of the grid in an order, tile by tile, and gives each what a program makes of it. */
  const march = async (
    order: readonly number[],
    arrays: readonly NdArray[],
    run: (
      tile: readonly number[],
      phases: NdArray,
      before?: number,
    ) => Promise<readonly NdArray[]>,
  ) => {
    for (let at = 0; at < order.length; at += tile) {
      const own = order.slice(at, at + tile);
      const filled = Array.from({ length: tile }, (_, i) => own[Math.min(i, own.length - 1)]);
      const phases = kernelPhases(height, filled.map((row) => rows[row]));
      const found = await run(filled, phases, order[at - 1]);
      arrays.forEach((array, i) =>
        own.forEach((row, from) => placeRow(array, found[i], row, from))
      );
    }
  };
  return async ({ correlation, reference }, eigenvalues, lowest) => {
    const middle = Math.floor(rows.length / 2);
    const all = [...rows.keys()];
    const [up, down] = [all.slice(0, middle).reverse(), all.slice(middle)];
    const one = zeros([rows.length, columns, 2 * coils]);
    const marchFirst = (order: readonly number[], start: NdArray) =>
      march(order, [one], async (own, phases, before) => {
        const values = ndarray(rowsOf(eigenvalues, own).data, [tile * columns, 1, 1]);
        const from = before === undefined ? start : rowOf(one, before);
        const arrays = { correlation, phases, reference, start: from, eigenvalues: values };
        return [(await first.run(arrays)).vectors];
      });
    await marchFirst(down, stack(Array.from({ length: columns }, () => reference)));
    await marchFirst(up, rowOf(one, middle));
    const two = zeros(vectorsOf(rows.length)), byRow = ndarray(two.data, one.shape);
    const [firsts, values] = [zeros(eigenvalues.shape), zeros(eigenvalues.shape)];
    const least = ndarray(Float32Array.of(lowest), [1, 1]);
    await march(all, [byRow, values, firsts], async (own, phases) => {
      const other = ndarray(rowsOf(one, own).data, vectorsOf(tile));
      const strongest = ndarray(rowsOf(eigenvalues, own).data, [tile * columns, 1, 1]);
      const found = await second.run({ correlation, phases, other, strongest, least });
      return [found.vectors, found.values, found.firsts];
    });
    const seconds = ndarray(values.data, [pixels, 1, 1]);
    const { smooth } = await phase.run({ vectors: two, values: seconds });
    return [
      coarseMaps(one, firsts, coils),
      coarseMaps(ndarray(smooth.data, one.shape), values, coils),
    ];
  };
}

/** Vectors of rows, one after the other: each the projection of the one before, blurred along the row. */
function carried(projections: Tensor, start: Tensor, reference: Tensor): Tensor {
  const [columns, size] = start.shape;
  const neighbours = periodicGaussian(columns, NEIGHBOURS);
  const found: Tensor[] = [];
  for (let at = 0; at < projections.shape[0]; at += columns) {
    const projection = slice(projections, 0, at, at + columns);
    const before = reshape(found.at(-1) ?? start, [columns, size]);
    const blurred = reshape(matMul(neighbours, before), [columns, size, 1]);
    found.push(alignedTo(matMul(projection, blurred), reference));
  }
  return concat(found, 0);
}

/** A row of the grid, its last axis as vectors: `[columns, 2C, 1]`. */
function rowOf({ data, shape }: NdArray, row: number): NdArray {
  const size = data.length / shape[0];
  return ndarray(data.slice(row * size, (row + 1) * size), [...shape.slice(1), 1]);
}

function rowsOf(array: NdArray, rows: readonly number[]): NdArray {
  return stack(rows.map((row) => rowOf(array, row)));
}

/** Copies the row number `from` of a tile to a row of the grid. */
function placeRow(array: NdArray, tile: NdArray, row: number, from: number): void {
  const size = array.data.length / array.shape[0];
  array.data.set(tile.data.subarray(from * size, (from + 1) * size), row * size);
}

/** Vectors `[h, w, 2C]`, real parts before imaginary parts, as `[C, 2, h, w]`. */
function coarseMaps(vectors: NdArray, eigenvalues: NdArray, coils: number): CoarseMaps {
  const [rows, columns] = eigenvalues.shape;
  const pixels = rows * columns;
  const data = new Float32Array(vectors.data.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let part = 0; part < 2 * coils; part++) {
      const [coil, isImaginary] = [part % coils, Math.floor(part / coils)];
      data[(2 * coil + isImaginary) * pixels + pixel] = vectors.data[2 * coils * pixel + part];
    }
  }
  return { vectors: ndarray(data, [coils, 2, rows, columns]), eigenvalues };
}
