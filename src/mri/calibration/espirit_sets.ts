/**
 * Two sets of ESPIRiT maps, for objects that are larger than the field of view: where parts of them lie
 * on top of each other, the matrix of a pixel has two eigenvalues near 1, and its coil vectors are a plane
 * (Uecker et al. 2014, "soft SENSE").
 *
 * Eigenvectors of a plane are arbitrary. Here the first set goes on from row to row, from the middle of
 * the field of view outwards, so that it stays with the part of the object that belongs there. The
 * second is what is left, and goes on from the first across the edge of the field of view, where the
 * part that is folded in comes from. So both images are parts of the object, as priors expect them.
 * @module
 */
import {
  concat,
  div,
  matMul,
  max,
  reduceL2,
  type Runtime,
  type Shape,
  slice,
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
  dominantProjection,
  rayleigh,
  signalProjection,
} from "./hermitian_tensors.ts";

const TINY = 1e-20;

/** Vectors `[rows, columns, 2C]` and eigenvalues `[rows, columns]` of the grid, one set. */
interface GridSet {
  readonly vectors: NdArray;
  readonly values: NdArray;
}

/**
 * Compiles two sets of vectors.
 * @returns a function of what `espiritKernel` gives and the first eigenvalues `[h, w]`, to the two sets
 */
export async function compileTwoSets(
  runtime: Runtime,
  coils: number,
  [height, width]: readonly [number, number],
): Promise<
  (
    kernel: Readonly<Record<string, NdArray>>,
    eigenvalues: NdArray,
  ) => Promise<readonly [CoarseMaps, CoarseMaps]>
> {
  const [rows, columns] = [gridPixels(height), gridPixels(width).length];
  const tile = tileRows(coils, [height, width]);
  const vectorsOf = (count: number): Shape => [count * columns, 2 * coils, 1];
  const shapes = {
    correlation: [2, SPAN, SPAN, coils, coils],
    phases: [2 * tile, 2 * SPAN],
    start: vectorsOf(1),
  };
  const first = await runtime.build(
    { ...shapes, reference: [2 * coils, 1], eigenvalues: [tile * columns, 1, 1] },
    ({ correlation, phases, start, reference, eigenvalues }) => {
      const matrices = pixelMatrices(correlation, phases, width);
      const projections = signalProjection(div(matrices, max(eigenvalues, TINY)));
      const vectors = carried(projections, start, (v) => alignedTo(v, reference));
      return { vectors, values: rayleigh(matrices, vectors) };
    },
  );
  const second = await runtime.build(
    { ...shapes, other: vectorsOf(tile) },
    ({ correlation, phases, start, other }) => {
      const rest = deflated(pixelMatrices(correlation, phases, width), other);
      const vectors = carried(dominantProjection(rest), start, unit);
      return { vectors, values: rayleigh(rest, vectors) };
    },
  );
  /** Goes through rows of the grid in an order, tile by tile, each row from the one before. */
  const march = async (
    order: readonly number[],
    start: NdArray,
    set: GridSet,
    run: (tile: readonly number[], arrays: Record<"phases" | "start", NdArray>) => Promise<
      Readonly<Record<"vectors" | "values", NdArray>>
    >,
  ) => {
    let before = start;
    for (let at = 0; at < order.length; at += tile) {
      const own = order.slice(at, at + tile);
      const filled = Array.from({ length: tile }, (_, i) => own[Math.min(i, own.length - 1)]);
      const phases = kernelPhases(height, filled.map((row) => rows[row]));
      const { vectors, values } = await run(filled, { phases, start: before });
      own.forEach((row, i) => {
        placeRow(set.vectors, vectors, row, i);
        placeRow(set.values, values, row, i);
      });
      before = rowOf(set.vectors, own[own.length - 1]);
    }
  };
  const emptySet = (): GridSet => ({
    vectors: zeros([rows.length, columns, 2 * coils]),
    values: zeros([rows.length, columns]),
  });
  return async ({ correlation, reference }, eigenvalues) => {
    const middle = Math.floor(rows.length / 2);
    const all = [...rows.keys()];
    const [up, down] = [all.slice(0, middle).reverse(), all.slice(middle)];
    const one = emptySet();
    const runFirst = (own: readonly number[], arrays: Record<"phases" | "start", NdArray>) => {
      const values = { data: rowsOf(eigenvalues, own).data, shape: [tile * columns, 1, 1] };
      return first.run({ ...arrays, correlation, reference, eigenvalues: values });
    };
    const everywhere = stack(Array.from({ length: columns }, () => reference));
    await march(down, everywhere, one, runFirst);
    await march(up, rowOf(one.vectors, middle), one, runFirst);
    const two = emptySet();
    const runSecond = (own: readonly number[], arrays: Record<"phases" | "start", NdArray>) => {
      const other = { data: rowsOf(one.vectors, own).data, shape: vectorsOf(tile) };
      return second.run({ ...arrays, correlation, other });
    };
    await march(down.toReversed(), rowOf(one.vectors, 0), two, runSecond);
    await march(up.toReversed(), rowOf(one.vectors, rows.length - 1), two, runSecond);
    return [coarseMaps(one, coils), coarseMaps(two, coils)];
  };
}

/** Vectors of rows, one after the other: each the projection of the one before. */
function carried(
  projections: Tensor,
  start: Tensor,
  normalise: (vectors: Tensor) => Tensor,
): Tensor {
  const columns = start.shape[0];
  const found: Tensor[] = [];
  for (let at = 0; at < projections.shape[0]; at += columns) {
    const projection = slice(projections, 0, at, at + columns);
    found.push(normalise(matMul(projection, found.at(-1) ?? start)));
  }
  return concat(found, 0);
}

const unit = (x: Tensor) => div(x, max(reduceL2(x, [1], { keepDims: true }), TINY));

const rowSize = ({ data, shape }: NdArray) => data.length / shape[0];

/** A row of the grid as vectors `[columns, 2C, 1]`. */
function rowOf(set: NdArray, row: number): NdArray {
  const size = rowSize(set);
  return ndarray(set.data.slice(row * size, (row + 1) * size), [...set.shape.slice(1), 1]);
}

function rowsOf(set: NdArray, rows: readonly number[]): NdArray {
  return stack(rows.map((row) => rowOf(set, row)));
}

/** Copies the row number `i` of a tile to a row of the grid. */
function placeRow(set: NdArray, tile: NdArray, row: number, i: number): void {
  const size = rowSize(set);
  set.data.set(tile.data.subarray(i * size, (i + 1) * size), row * size);
}

/** `[h, w, 2C]`, real parts before imaginary parts, as `[C, 2, h, w]`. */
function coarseMaps({ vectors, values }: GridSet, coils: number): CoarseMaps {
  const [rows, columns] = values.shape;
  const pixels = rows * columns;
  const data = new Float32Array(vectors.data.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let part = 0; part < 2 * coils; part++) {
      const [coil, isImaginary] = [part % coils, Math.floor(part / coils)];
      data[(2 * coil + isImaginary) * pixels + pixel] = vectors.data[2 * coils * pixel + part];
    }
  }
  return { vectors: ndarray(data, [coils, 2, rows, columns]), eigenvalues: values };
}
