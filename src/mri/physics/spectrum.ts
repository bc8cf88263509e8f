/**
 * The eigenbasis of A^H A, for samplers that work in it: per readout column for masks of lines, the
 * Fourier transform itself for one coil.
 * @module
 */
import {
  add,
  cast,
  concat,
  constant,
  div,
  equal,
  type InputShapes,
  matMul,
  type NamedTensors,
  neg,
  reshape,
  slice,
  sub,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { InputError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import type { SamplingMask } from "../sampling/masks.ts";
import { type ColumnBases, columnBases, type ColumnControl } from "./column_basis.ts";
import { complexMul, conjugate, imagPart, joinParts, magnitude, realPart } from "./complex.ts";
import { dft2, dftH } from "./dft.ts";
import { onAllLines } from "./operator.ts";

/** The orthonormal eigenvectors v_i of A^H A, and its eigenvalues s_i^2, for one problem. */
export interface Spectrum {
  /** s_i^2, `[1, 1, S H, W]` or what broadcasts to it, for S sets of coil maps. */
  readonly squares: Tensor;
  /** V^H A^H y, `[1, 2, S H, W]`. */
  readonly data: Tensor;
  /** V^H x, coefficients `[N, 2, S H, W]` of images `[N, 2 S, H, W]`. */
  analyse(x: Tensor): Tensor;
  /** V c, images of coefficients. */
  synthesise(c: Tensor): Tensor;
}

/** How the computation of a basis reports and is stopped. */
export interface SpectrumControl extends ColumnControl {
  /** Called with the seconds that a basis took, when it was computed. */
  readonly onStage?: (stage: "eigenbasis", seconds: number) => void;
}

/** Arrays by name. */
export type Arrays = Readonly<Record<string, NdArray>>;

/** How the eigenbasis of a measurement is found, and what graphs do with it. */
export interface SpectralForm {
  /** Arrays that it is made of, by name. */
  readonly shapes: InputShapes<string>;
  /** Computes them for a problem, on the host. @param inputs arrays of the operator */
  compute(inputs: Arrays, control?: SpectrumControl): Promise<Arrays>;
  /** The basis, given these arrays, those of the operator, `y` and `adjoint`. */
  spectrum(tensors: NamedTensors): Spectrum;
}

/**
 * The eigenbasis of the multi-coil operator.
 * @throws {InputError} for several coils with a mask of the plane
 */
export function mriSpectrum(
  { coils, sets = 1 }: { readonly coils: number; readonly sets?: number },
  mask: SamplingMask,
): SpectralForm {
  if (coils === 1) return fourierSpectrum(mask);
  if (mask.isLines) return columnSpectrum(mask, sets);
  throw new InputError(
    "Cannot find the eigenbasis of the measurement that exact ddrm works in: one coil or a mask of " +
      `lines (whose readout columns decouple) is required, found ${coils} coils and a mask of the plane`,
    { hint: "Use --method ddnm+ or dds, which need no eigenbasis" },
  );
}

/** Bases of maps that are still in use: a slice that is reconstructed again need not wait again. */
const known = new WeakMap<Float32Array, Map<string, ColumnBases>>();

/** The matrices A_x^H A_x of the readout columns decomposed one by one; see `columnBases`. */
function columnSpectrum(mask: SamplingMask, sets: number): SpectralForm {
  const { height, width, lines } = mask;
  const n = sets * height;
  return {
    shapes: { vectors: [width, n, 2 * n], squares: [1, 1, n, width] },
    async compute({ maps }, control = {}) {
      const bases = known.get(maps.data) ?? new Map<string, ColumnBases>();
      const key = `${maps.shape} ${lines}`;
      let found = bases.get(key);
      if (found === undefined) {
        found = await columnBases(maps, lines, control);
        control.onStage?.("eigenbasis", found.seconds);
        known.set(maps.data, bases.set(key, found));
      }
      return { vectors: found.vectors, squares: found.squares };
    },
    spectrum: ({ vectors, squares, adjoint }) => ({
      squares,
      analyse: (x) => toBasis(vectors, oneBelowOther(x)),
      synthesise: (c) => besideEachOther(fromBasis(vectors, c), sets),
      data: toBasis(vectors, oneBelowOther(adjoint)),
    }),
  };
}

/** The images of the sets as one tall image: `[N, 2 S, H, W]` to `[N, 2, S H, W]`. */
function oneBelowOther(x: Tensor): Tensor {
  const [batch, parts, height, width] = x.shape;
  if (parts === 2) return x;
  const apart = reshape(x, [batch, parts / 2, 2, height, width]);
  return reshape(transpose(apart, [0, 2, 1, 3, 4]), [batch, 2, parts / 2 * height, width]);
}

/** The inverse of `oneBelowOther`. */
function besideEachOther(x: Tensor, sets: number): Tensor {
  if (sets === 1) return x;
  const [batch, , tall, width] = x.shape;
  const apart = reshape(x, [batch, 2, sets, tall / sets, width]);
  return reshape(transpose(apart, [0, 2, 1, 3, 4]), [batch, 2 * sets, tall / sets, width]);
}

/** `[N, 1, H, W]` to `[W, H, N]` */
const toColumns = (x: Tensor) =>
  transpose(reshape(x, [x.shape[0], x.shape[2], x.shape[3]]), [2, 1, 0]);

/** `[W, H, N]` to `[N, 1, H, W]` */
function fromColumns(x: Tensor): Tensor {
  const [width, height, batch] = x.shape;
  return reshape(transpose(x, [2, 1, 0]), [batch, 1, height, width]);
}

/** V^H x: with rows [Re v, Im v], times [[re, im], [im, -re]]. */
function toBasis(vectors: Tensor, x: Tensor): Tensor {
  const batch = x.shape[0];
  const [re, im] = [toColumns(realPart(x)), toColumns(imagPart(x))];
  const both = concat([concat([re, im], 2), concat([im, neg(re)], 2)], 1);
  const coefficients = matMul(vectors, both); // [W, H, 2N]
  return joinParts(
    fromColumns(slice(coefficients, 2, 0, batch)),
    fromColumns(slice(coefficients, 2, batch, 2 * batch)),
  );
}

function fromBasis(vectors: Tensor, c: Tensor): Tensor {
  const [batch, , height] = c.shape;
  const rows = (part: Tensor) => swapLastAxes(toColumns(part));
  const products = matMul(concat([rows(realPart(c)), rows(imagPart(c))], 1), vectors); // [W, 2N, 2H]
  const block = (part: number, half: number) => {
    const rows = slice(products, 1, part * batch, (part + 1) * batch);
    return swapLastAxes(slice(rows, 2, half * height, (half + 1) * height));
  };
  return joinParts(
    fromColumns(sub(block(0, 0), block(1, 1))),
    fromColumns(add(block(0, 1), block(1, 0))),
  );
}

/**
 * One coil: V = S^H F^H with the phase of the map as S, and s = 1 where a sample was acquired. Where
 * the map is zero S is 1: these pixels, outside the object, count as seen too.
 */
function fourierSpectrum(mask: SamplingMask): SpectralForm {
  const { height, width, isLines } = mask;
  const transform = isLines ? dftH : dft2;
  const kept = reshape(constant(mask.grid()), [1, 1, height, isLines ? 1 : width]);
  return {
    shapes: {},
    compute: () => Promise.resolve({}),
    spectrum({ maps, y }) {
      const phase = phaseOf(reshape(maps, [1, 2, height, width]));
      return {
        squares: kept,
        analyse: (x) => transform(complexMul(phase, x), "forward"),
        synthesise: (c) => complexMul(conjugate(phase), transform(c, "inverse")),
        data: reshape(onAllLines(y, mask), [1, 2, height, width]),
      };
    },
  };
}

function phaseOf(maps: Tensor): Tensor {
  const size = magnitude(maps);
  const isZero = cast(equal(size, 0), "float32");
  const re = add(realPart(maps), isZero);
  return div(joinParts(re, imagPart(maps)), add(size, isZero));
}
