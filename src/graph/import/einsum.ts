/** Einstein sums as transposes and matrix products. @module */
import { sizeOf } from "../../ndarray.ts";
import { matMul } from "../ops/linear.ts";
import { reshape, transpose } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** A tensor with a letter for each axis. */
type Labelled = { readonly tensor: Tensor; readonly labels: string };

/**
 * The sum that an equation such as `bct,bcs->bts` writes down, its operands taken in order.
 * @throws {TypeError} for an ellipsis or a letter twice in one operand
 * @throws {RangeError} when the letters do not fit the tensors
 */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  const result = right ?? implicitResult(left);
  requireTerms(equation, terms, result, tensors);
  const operands = terms.map((labels, i): Labelled => ({ labels, tensor: tensors[i] }));
  const total = operands.reduce((product, operand, i) =>
    contract(product, operand, terms.slice(i + 1).join("") + result)
  );
  const summed = sumOver(total, result);
  return transpose(summed.tensor, [...result].map((label) => summed.labels.indexOf(label)));
}

/** Without an arrow: the letters that occur once, in alphabetical order. */
function implicitResult(left: string): string {
  const letters = [...left.replaceAll(",", "")];
  const once = letters.filter((a) => letters.filter((b) => a === b).length === 1);
  return once.toSorted().join("");
}

function requireTerms(
  equation: string,
  terms: readonly string[],
  result: string,
  tensors: readonly Tensor[],
): void {
  const twice = (labels: string) => new Set(labels).size < labels.length;
  const words = [...terms, result];
  if (words.some((labels) => !/^[A-Za-z]*$/.test(labels) || twice(labels))) {
    throw new TypeError(`the equation ${equation} is not supported: single letters are required`);
  }
  const sizes = new Map<string, number>();
  terms.forEach((labels, i) =>
    [...labels].forEach((label, axis) => {
      const size = tensors[i]?.shape[axis];
      if (size !== (sizes.get(label) ?? size)) {
        throw new RangeError(`${equation}: ${label} is ${sizes.get(label)} and ${size}`);
      }
      sizes.set(label, size);
    })
  );
  const fits = terms.length === tensors.length &&
    terms.every((labels, i) => labels.length === tensors[i].rank) &&
    [...result].every((label) => sizes.has(label));
  if (!fits) throw new RangeError(`the equation ${equation} does not fit its inputs`);
}

/** Sums over the axes whose letters are not among those kept. */
function sumOver({ tensor, labels }: Labelled, kept: string): Labelled {
  const axes = [...labels].flatMap((label, axis) => kept.includes(label) ? [] : [axis]);
  const left = [...labels].filter((label) => kept.includes(label)).join("");
  return { tensor: reduceSum(tensor, axes), labels: left };
}

/** One product: letters in both that are needed later are a batch, the others are summed over. */
function contract(a: Labelled, b: Labelled, later: string): Labelled {
  const first = sumOver(a, b.labels + later);
  const second = sumOver(b, a.labels + later);
  const pick = (from: string, test: (label: string) => boolean) => [...from].filter(test).join("");
  const shared = pick(first.labels, (label) => second.labels.includes(label));
  const batch = pick(shared, (label) => later.includes(label));
  const inner = pick(shared, (label) => !later.includes(label));
  const rows = pick(first.labels, (label) => !shared.includes(label));
  const columns = pick(second.labels, (label) => !shared.includes(label));
  const product = matMul(
    arranged(first, batch, rows, inner),
    arranged(second, batch, inner, columns),
  );
  const shape = [...sizesOf(first, batch), ...sizesOf(first, rows), ...sizesOf(second, columns)];
  return { tensor: reshape(product, shape), labels: batch + rows + columns };
}

function sizesOf({ tensor, labels }: Labelled, wanted: string): number[] {
  return [...wanted].map((label) => tensor.shape[labels.indexOf(label)]);
}

/** As a batch of matrices whose rows and columns run over these letters. */
function arranged(operand: Labelled, batch: string, rows: string, columns: string): Tensor {
  const perm = [...batch + rows + columns].map((label) => operand.labels.indexOf(label));
  const shape = [batch, rows, columns].map((labels) => sizeOf(sizesOf(operand, labels)));
  return reshape(transpose(operand.tensor, perm), shape);
}
