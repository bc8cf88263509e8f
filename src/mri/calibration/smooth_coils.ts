/** Smooth functions for coil sensitivities: few frequencies, weighted by a Sobolev norm. @module */
import { constantOf, mul, swapLastAxes, type Tensor } from "../../graph/mod.ts";
import { dftHRows, dftHRowsAdjoint } from "../physics/dft.ts";

/**
 * The Sobolev norm of coils (Uecker et al. 2008): weights (1 + a |k|^2)^(b / 2) in k-space, where k is 1/2 at the edge; the
 * published values.
 */
const SOBOLEV = { a: 220, b: 32 } as const;
/** Frequencies whose inverse weight is below this are left out: coils cannot have them. */
const NEGLIGIBLE = 1e-4;

/** Frequencies that coils may have along an axis. */
function coilLines(size: number): number[] {
  const edge = Math.sqrt((NEGLIGIBLE ** (-2 / SOBOLEV.b) - 1) / SOBOLEV.a);
  const centre = Math.floor(size / 2), reach = Math.ceil(edge * size);
  return Array.from({ length: size }, (_, k) => k).filter((k) => Math.abs(k - centre) <= reach);
}

/** 1 / (1 + a |k|^2)^(b / 2) at these frequencies, `[rows, columns]`. */
function inverseWeights(
  rows: readonly number[],
  columns: readonly number[],
  [height, width]: readonly [number, number],
): Tensor {
  const square = (line: number, n: number) => ((line - Math.floor(n / 2)) / n) ** 2;
  const weights = rows.flatMap((row) =>
    columns.map((column) =>
      (1 + SOBOLEV.a * (square(row, height) + square(column, width))) ** (-SOBOLEV.b / 2)
    )
  );
  return constantOf(Float32Array.from(weights), [rows.length, columns.length]);
}

/** Coils as weighted coefficients of few frequencies. */
export interface SmoothCoils {
  /** Rows and columns of the coefficients. */
  readonly size: readonly [number, number];
  /** `[..., 2, H, W]` of weighted coefficients `[..., 2, rows, columns]`. */
  synthesised(weighted: Tensor): Tensor;
  /** The adjoint. */
  analysed(coils: Tensor): Tensor;
}

export function smoothCoils([height, width]: readonly [number, number]): SmoothCoils {
  const [rows, columns] = [coilLines(height), coilLines(width)];
  const weights = inverseWeights(rows, columns, [height, width]);
  return {
    size: [rows.length, columns.length],
    synthesised(weighted) {
      const turned = swapLastAxes(mul(weighted, weights));
      const alongW = swapLastAxes(dftHRowsAdjoint(turned, columns, width, "forward"));
      return dftHRowsAdjoint(alongW, rows, height, "forward");
    },
    analysed(coils) {
      const turned = swapLastAxes(dftHRows(coils, rows, "forward"));
      return mul(swapLastAxes(dftHRows(turned, columns, "forward")), weights);
    },
  };
}
