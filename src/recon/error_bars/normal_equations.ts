/** Normal equations of small least squares. @module */
import { lusolve } from "mathjs";

/** The solution of `matrix x = right`. */
export const solution = (matrix: number[][], right: number[]): number[] =>
  (lusolve(matrix, right) as number[][]).map(([value]) => value);
