/** Measurements of the tests. */
import { constantOf, matMul, reshape, type Tensor, transpose } from "../../src/graph/mod.ts";
import { linearMeasurement, type Measurement } from "../../src/method/measurement.ts";
import type { LinearOperator } from "../../src/mri/physics/operator.ts";
import type { Matrix } from "../samplers/algebra.ts";

/** A dense matrix times the real and imaginary parts of the image. */
export function denseMeasurement(rows: Matrix, size: readonly [number, number]): Measurement {
  const pixels = 2 * size[0] * size[1], count = rows.length;
  const matrix = constantOf(Float32Array.from(rows.flatMap((row) => [...row])), [count, pixels]);
  return linearMeasurement(size, (batch): LinearOperator => {
    const domain = [batch, 2, ...size], range = [batch, 1, 1, count];
    const forward = (x: Tensor) =>
      reshape(matMul(reshape(x, [batch, pixels]), transpose(matrix, [1, 0])), range);
    const adjoint = (y: Tensor) => reshape(matMul(reshape(y, [batch, count]), matrix), domain);
    return { domain, range, forward, adjoint, normal: (x) => adjoint(forward(x)) };
  });
}
