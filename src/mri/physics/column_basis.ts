/**
 * The eigenbasis of the multi-coil operator under 1-D undersampling. The readout columns decouple, and
 * of each column x the H x H Hermitian matrix A_x^H A_x is decomposed on the host: what exact spectral
 * methods (DDRM) need of data from several coils.
 * @module
 */
import { cores, type HostWorker, startWorker } from "../../host.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { type ComplexMatrix, hermitianEigen } from "../calibration/hermitian_eigen.ts";

/**
 * Eigenvectors and eigenvalues of A_x^H A_x for every column x. With S sets of maps a column has n = S H
 * unknowns, those of the images of the sets one after the other.
 */
export interface ColumnBases {
  /** `[W, n, 2n]`: row i of column x is eigenvector v_i, its real parts before its imaginary parts. */
  readonly vectors: NdArray;
  /** Eigenvalues s_i^2, at least 0, `[1, 1, n, W]`. */
  readonly squares: NdArray;
  readonly seconds: number;
}

export interface ColumnTask {
  /** Sensitivities of the column, `[S, C, 2, H]`. */
  readonly maps: Float32Array;
  /** S. Default 1. */
  readonly sets?: number;
  readonly height: number;
  readonly lines: readonly number[];
}

/** Vectors `[n, 2n]` and squares `[n]` of one column, as in {@link ColumnBases}. */
export type ColumnBasis = Record<"vectors" | "squares", Float32Array<ArrayBuffer>>;

/** How the work reports and is stopped. */
export interface ColumnControl {
  /** Called with the fraction done. */
  readonly onProgress?: (fraction: number) => void;
  /** Stops the work: its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Work (W n^3) below which starting workers costs more than it saves. */
const WORTH_WORKERS = 1e8;

/** More workers than this are not worth their memory. */
const MAX_WORKERS = 8;

/**
 * Decomposes every column, in a few workers where that pays.
 * @param maps sensitivities `[S, C, 2, H, W]`
 * @param lines acquired lines
 */
export async function columnBases(
  maps: NdArray,
  lines: readonly number[],
  { onProgress, signal }: ColumnControl = {},
): Promise<ColumnBases> {
  const start = performance.now();
  const [sets, , , height, width] = maps.shape;
  const n = sets * height;
  const vectors = new Float32Array(width * n * 2 * n);
  const squares = new Float32Array(n * width);
  let done = 0;
  const place = (x: number, basis: ColumnBasis) => {
    vectors.set(basis.vectors, x * n * 2 * n);
    basis.squares.forEach((square, i) => squares[i * width + x] = square);
    onProgress?.(++done / width);
  };
  const task = (x: number) => ({ maps: columnOf(maps, x), sets, height, lines });
  if (width * n ** 3 < WORTH_WORKERS) {
    for (let x = 0; x < width; x++) {
      signal?.throwIfAborted();
      place(x, columnBasis(task(x)));
    }
  } else {
    await decomposeInWorkers(width, task, place, signal);
  }
  return {
    vectors: ndarray(vectors, [width, n, 2 * n]),
    squares: ndarray(squares, [1, 1, n, width]),
    seconds: (performance.now() - start) / 1000,
  };
}

/** Decomposes columns 0 to `count - 1`, each given to the next worker that is free. */
export async function decomposeInWorkers(
  count: number,
  task: (column: number) => ColumnTask,
  place: (column: number, basis: ColumnBasis) => void,
  signal?: AbortSignal,
  workerCount = Math.min(cores(), MAX_WORKERS),
): Promise<void> {
  const url = new URL("./column_basis_worker.ts", import.meta.url);
  const workers = Array.from({ length: workerCount }, () => startWorker(url));
  let next = 0;
  const serve = (worker: HostWorker) =>
    new Promise<void>((resolve, reject) => {
      let column = 0;
      const feed = () => {
        if (signal?.aborted) return reject(signal.reason);
        if (next === count) return resolve();
        column = next++;
        worker.send(task(column));
      };
      worker.onMessage = (basis) => {
        place(column, basis as ColumnBasis);
        feed();
      };
      worker.onError = (cause) =>
        reject(new Error(`Cannot decompose a column: ${cause.message}`, { cause }));
      feed();
    });
  try {
    await Promise.all(workers.map(serve));
  } finally {
    for (const worker of workers) worker.stop();
  }
}

/** Column x of `[..., H, W]`. */
function columnOf({ data, shape }: NdArray, x: number): Float32Array {
  const width = shape[shape.length - 1];
  return Float32Array.from({ length: data.length / width }, (_, i) => data[i * width + x]);
}

/** Decomposes one column. Pixels that no coil sees are eigenvectors of their own, of eigenvalue 0. */
export function columnBasis({ maps, sets = 1, height, lines }: ColumnTask): ColumnBasis {
  const n = sets * height;
  const vectors = new Float32Array(2 * n * n);
  const squares = new Float32Array(n);
  const ofSets = Array.from({ length: sets }, (_, set) => partOfMaps(maps, set, sets));
  const seen: number[] = [], unseen: number[] = [];
  for (let at = 0; at < n; at++) {
    const isSeen = isSeenBy(ofSets[Math.floor(at / height)], at % height, height);
    (isSeen ? seen : unseen).push(at);
  }
  const { values, vectors: { re, im } } = hermitianEigen(
    normalMatrix(ofSets, seen, height, lines),
    seen.length,
  );
  values.forEach((value, i) => {
    squares[i] = Math.max(value, 0);
    seen.forEach((at, j) => {
      vectors[2 * i * n + at] = re[i * seen.length + j];
      vectors[(2 * i + 1) * n + at] = im[i * seen.length + j];
    });
  });
  unseen.forEach((at, i) => vectors[2 * (seen.length + i) * n + at] = 1);
  return { vectors, squares };
}

const partOfMaps = (maps: Float32Array, set: number, sets: number) =>
  maps.subarray(set * maps.length / sets, (set + 1) * maps.length / sets);

function isSeenBy(maps: Float32Array, y: number, height: number): boolean {
  for (let i = y; i < maps.length; i += height) if (maps[i] !== 0) return true;
  return false;
}

/**
 * The lower triangle of A_x^H A_x between chosen pixels: with the centred DFT,
 * `sum_c conj(S_c(y)) S_c(y')` times `sum_k exp(2 pi i (k - c) (y - y') / H) / H` over acquired lines k.
 * @param maps of each set, `[C, 2, H]`
 * @param pixels of set s from s H on
 */
function normalMatrix(
  maps: readonly Float32Array[],
  pixels: readonly number[],
  height: number,
  lines: readonly number[],
): ComplexMatrix {
  const n = pixels.length;
  const [re, im] = [new Float64Array(n * n), new Float64Array(n * n)];
  const spread = pointSpread(height, lines);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let a = 0, b = 0;
      const y = pixels[i] % height, x = pixels[j] % height;
      const ofY = maps[Math.floor(pixels[i] / height)], ofX = maps[Math.floor(pixels[j] / height)];
      for (let coil = 0; coil < ofY.length; coil += 2 * height) {
        const yr = ofY[coil + y], yi = ofY[coil + height + y];
        const xr = ofX[coil + x], xi = ofX[coil + height + x];
        a += yr * xr + yi * xi;
        b += yr * xi - yi * xr;
      }
      const pr = spread.re[Math.abs(y - x)], pi = Math.sign(y - x) * spread.im[Math.abs(y - x)];
      re[i * n + j] = a * pr - b * pi;
      im[i * n + j] = a * pi + b * pr;
    }
  }
  return { re, im };
}

/** The point spread function of the lines, for distances 0 to H - 1. */
function pointSpread(height: number, lines: readonly number[]): ComplexMatrix {
  const [re, im] = [new Float64Array(height), new Float64Array(height)];
  const centre = Math.floor(height / 2);
  for (let distance = 0; distance < height; distance++) {
    for (const line of lines) {
      const angle = 2 * Math.PI * ((line - centre) * distance % height) / height;
      re[distance] += Math.cos(angle) / height;
      im[distance] += Math.sin(angle) / height;
    }
  }
  return { re, im };
}
