/** Matrix products. @module */
import { apply } from "../apply.ts";
import type { SomeRules } from "../rule.ts";
import {
  broadcastShapes,
  commonType,
  formatShape,
  requireBroadcast,
  requireInputs,
} from "../shapes.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { OpAttributes } from "./attributes.ts";
import { mul } from "./elementwise.ts";
import { reshape, swapLastAxes } from "./movement.ts";

/** Rules of the matrix products. */
export const linearRules = {
  MatMul: {
    infer(inputs) {
      requireInputs("MatMul", inputs, 2);
      const [a, b] = inputs;
      const dtype = commonType("MatMul", inputs);
      if (a.rank < 2 || b.rank < 2) {
        throw new RangeError(
          `Cannot multiply ${formatShape(a.shape)} by ${formatShape(b.shape)}: ` +
            `at least 2 axes each are required`,
        );
      }
      requireInner(a.shape, b.shape, a.shape.at(-1)!, b.shape.at(-2)!);
      const batch = broadcastShapes("MatMul", [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
      return { dtype, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] };
    },
    // C = A B: dA = dC B^T, dB = A^T dC
    vjp: (ct, { inputs: [a, b] }, [first, second]) => [
      first ? matMul(ct, swapLastAxes(b)) : null,
      second ? rightCotangent(ct, a, b) : null,
    ],
  },
  Gemm: {
    infer(inputs, { transA, transB }) {
      requireInputs("Gemm", inputs, 2, 3);
      const [a, b] = inputs;
      if (a.rank !== 2 || b.rank !== 2) {
        throw new RangeError(
          `Cannot multiply ${formatShape(a.shape)} by ${formatShape(b.shape)}: 2 axes are required`,
        );
      }
      const [m, k] = transA ? a.shape.toReversed() : a.shape;
      const [k2, n] = transB ? b.shape.toReversed() : b.shape;
      requireInner(a.shape, b.shape, k, k2);
      if (inputs[2] !== undefined) requireBroadcast("add", inputs[2], [m, n]);
      return { dtype: commonType("Gemm", inputs), shape: [m, n] };
    },
    encode: ({ alpha, beta, transA, transB }) => ({
      attributes: { alpha: { float: alpha }, beta: { float: beta }, transA, transB },
    }),
    vjp: (ct, { inputs: [a, b, c], attributes }) => {
      const { alpha, beta, transA, transB } = attributes;
      const turn = (x: Tensor, turned: boolean) => turned ? swapLastAxes(x) : x;
      const scaled = alpha === 1 ? ct : mul(ct, alpha);
      const ctA = matMul(scaled, swapLastAxes(turn(b, transB)));
      const ctB = matMul(swapLastAxes(turn(a, transA)), scaled);
      const cotangents = [turn(ctA, transA), turn(ctB, transB)];
      return c === undefined ? cotangents : [...cotangents, beta === 1 ? ct : mul(ct, beta)];
    },
  },
} satisfies SomeRules;

/** A^T dC; one product over all rows when B serves every matrix of a batch. */
function rightCotangent(ct: Tensor, a: Tensor, b: Tensor): Tensor {
  if (b.rank > 2 || a.rank === 2) return matMul(swapLastAxes(a), ct);
  return matMul(
    swapLastAxes(reshape(a, [-1, a.shape.at(-1)!])),
    reshape(ct, [-1, ct.shape.at(-1)!]),
  );
}

function requireInner(a: Shape, b: Shape, inner: number, inner2: number): void {
  if (inner !== inner2) {
    throw new RangeError(
      `Cannot multiply ${formatShape(a)} by ${formatShape(b)}: ` +
        `equal inner sizes are required, found ${inner} and ${inner2}`,
    );
  }
}

/** Matrix product over the last two axes; leading axes broadcast. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return apply("MatMul", [a, b], {});
}

/** alpha A B + beta C for matrices, each of A and B transposed first if asked. */
export function gemm(
  a: Tensor,
  b: Tensor,
  c?: Tensor,
  { alpha = 1, beta = 1, transA = false, transB = false }: Partial<OpAttributes["Gemm"]> = {},
): Tensor {
  return apply("Gemm", c ? [a, b, c] : [a, b], { alpha, beta, transA, transB });
}
