/**
 * Graphs in parts. onnxruntime takes longer than in proportion to compile a larger graph, and compiles alike
 * parts of it, such as steps of an iteration, one by one. Parts are graphs of their own: each of a kind is
 * compiled once, and a run goes from one to the next.
 * @module
 */
import { sizeOf } from "../../ndarray.ts";
import { input } from "../ops/leaf.ts";
import type { NamedTensors } from "../proto.ts";
import { Tensor, topological } from "../tensor.ts";
import type { OrtSession } from "./provider.ts";

/** A part of a graph. */
export interface Part {
  /** What it is given, values of the whole graph; the graph's own inputs among them. */
  readonly given: readonly Tensor[];
  /** What it makes of them for later parts, or for the results. */
  readonly made: readonly Tensor[];
  /** The part as a graph of its own: its inputs in the order of `given`, its outputs in that of `made`. */
  readonly inputs: NamedTensors;
  readonly outputs: NamedTensors;
}

/** The marked values that belong together, by each of them. */
const cuts = new WeakMap<Tensor, Set<readonly Tensor[]>>();

/** Marks values after which a graph may be cut once all of them are there; see `CompileOptions.inParts`. */
export function cutAfter(...values: readonly Tensor[]): void {
  for (const value of values) cuts.set(value, (cuts.get(value) ?? new Set()).add(values));
}

/** A function of tensors as a part of its own: wherever it stands in a graph, it is compiled once. */
export function asPart<A extends readonly Tensor[]>(
  apply: (...given: A) => Tensor,
): (...given: A) => Tensor {
  return (...given) => {
    cutAfter(...given);
    const result = apply(...given);
    cutAfter(result);
    return result;
  };
}

/**
 * Cuts a graph at its marks. A value belongs to the first part that needs it; numbers that depend on numbers
 * alone come first, and what depends on constants alone is in each part that uses it.
 * @returns the parts in their order; one, the whole, where there are no marks
 */
export function partsOf(inputs: NamedTensors, outputs: NamedTensors): readonly Part[] {
  const results = Object.values(outputs);
  const order = topological(results);
  const partAt = new Map<Tensor, number>();
  const isFixed = new Set<Tensor>(), isNumber = new Set<Tensor>();
  for (const tensor of order) {
    const { op, shape, inputs: from } = tensor;
    if (op === "Constant" || (from.length > 0 && from.every((x) => isFixed.has(x)))) {
      isFixed.add(tensor);
    } else if (sizeOf(shape) === 1 && from.every((x) => isFixed.has(x) || isNumber.has(x))) {
      isNumber.add(tensor);
    }
  }
  const isOutside = (x: Tensor) => isFixed.has(x) || x.op === "Input";
  const assign = (roots: readonly Tensor[], part: number) => {
    const stack = [...roots];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (partAt.has(top) || isOutside(top)) continue;
      partAt.set(top, part);
      stack.push(...top.inputs);
    }
  };
  const goals = [[...isNumber], ...marksOf(order), results];
  goals.forEach(assign);
  const lastUser = new Map<Tensor, number>();
  const use = (x: Tensor, part: number) => lastUser.set(x, Math.max(part, lastUser.get(x) ?? 0));
  for (const [user, part] of partAt) user.inputs.forEach((x) => use(x, part));
  results.forEach((result) => use(result, Infinity));
  const parts = [...new Set(partAt.values())].sort((a, b) => a - b).map((part) => {
    const own = order.filter((x) => partAt.get(x) === part);
    const given = [...new Set(own.flatMap((x) => x.inputs))]
      .filter((x) => !isFixed.has(x) && partAt.get(x) !== part);
    const made = own.filter((x) => lastUser.get(x)! > part);
    return { given, made, ...asGraph(own, given, made) };
  });
  const isCut = parts.length > 1 && results.every((x) => partAt.has(x)) &&
    parts.every(({ given, made }) => [...given, ...made].every(({ dtype }) => dtype === "float32"));
  const given = Object.values(inputs);
  return isCut ? parts : [{ given, made: results, inputs, outputs }];
}

/** The marked groups, in the order in which they are complete. */
function marksOf(order: readonly Tensor[]): (readonly Tensor[])[] {
  const last = new Map<readonly Tensor[], number>();
  order.forEach((tensor, i) => cuts.get(tensor)?.forEach((group) => last.set(group, i)));
  const within = new Set(order);
  return [...last].sort(([, a], [, b]) => a - b)
    .map(([group]) => group.filter((tensor) => within.has(tensor)));
}

/** Values of a part with inputs in the place of what it is given. Names do not depend on where it stands. */
function asGraph(own: readonly Tensor[], given: readonly Tensor[], made: readonly Tensor[]) {
  const inputs = Object.fromEntries(
    given.map(({ shape }, i) => [`in${i}`, input(`in${i}`, shape)]),
  );
  const copies = new Map<Tensor, Tensor>(given.map((x, i) => [x, inputs[`in${i}`]]));
  for (const tensor of own) {
    const { op, attributes, origin } = tensor;
    const from = tensor.inputs.map((x) => copies.get(x) ?? x);
    const copy = new Tensor(op, from, attributes, tensor);
    copies.set(tensor, Object.assign(copy, origin === undefined ? {} : { origin }));
  }
  const outputs = Object.fromEntries(made.map((x, i) => [`out${i}`, copies.get(x)!]));
  return { inputs, outputs };
}

/** Sessions of the parts of a graph, one after the other, as one. */
export function chained(
  parts: readonly Part[],
  sessions: readonly OrtSession[],
  inputs: NamedTensors,
  outputs: NamedTensors,
): OrtSession {
  const results = new Set(Object.values(outputs));
  // After which part each value of a part is no longer needed.
  const lastUse = new Map(parts.flatMap(({ given }, i) => given.map((x) => [x, i] as const)));
  return {
    async run(feeds) {
      const values = new Map(Object.entries(inputs).map(([name, x]) => [x, feeds[name]] as const));
      for (const [i, { given, made }] of parts.entries()) {
        const own = Object.fromEntries(given.map((x, k) => [`in${k}`, values.get(x)!]));
        const found = await sessions[i].run(own);
        made.forEach((x, k) => values.set(x, found[`out${k}`]));
        for (const x of given) {
          if (lastUse.get(x) === i && !results.has(x)) values.delete(x);
        }
      }
      return Object.fromEntries(
        Object.entries(outputs).map(([name, x]) => [name, values.get(x)!] as const),
      );
    },
    release: () => Promise.resolve(),
  };
}
