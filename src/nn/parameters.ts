/**
 * Parameters of a network: named tensors, which a network function asks for by name, shape and
 * initial distribution. The same function then builds with weights as graph inputs (training), as
 * constants (inference: onnxruntime runs initializers twice as fast) or only tells what it needs.
 * @module
 */
import { constant, input, reshape, type Shape, slice, type Tensor } from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { Rng } from "../rng.ts";

/** Values of all parameters of a network, by name. */
export type Parameters = Readonly<Record<string, NdArray>>;

/** How a parameter starts. */
export type Initializer =
  /** A constant. */
  | { readonly kind: "constant"; readonly value: number }
  /** Normal with this standard deviation. */
  | { readonly kind: "normal"; readonly std: number }
  /** Uniform from `low` to `high`. */
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

/** A parameter of a network. */
export interface ParameterSpec {
  /** Dotted path, as PyTorch's state dict names it. */
  readonly name: string;
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** How it starts. */
  readonly init: Initializer;
}

/** A source of parameters, below a path. */
export class Scope {
  readonly #take: (spec: ParameterSpec) => Tensor;
  readonly #path: string;

  /**
   * A scope below a path.
   * @param take gives the tensor of a parameter
   * @param path names of all parameters begin with it
   */
  constructor(take: (spec: ParameterSpec) => Tensor, path = "") {
    this.#take = take;
    this.#path = path;
  }

  /** The scope below a name. */
  at(name: string | number): Scope {
    return new Scope(this.#take, this.#path === "" ? `${name}` : `${this.#path}.${name}`);
  }

  /** A parameter of this scope. */
  parameter(name: string, shape: Shape, init: Initializer): Tensor {
    return this.#take({ name: this.#path === "" ? name : `${this.#path}.${name}`, shape, init });
  }
}

/** What a network function needs, in the order in which it asks. */
export function parameterSpecs(build: (scope: Scope) => unknown): ParameterSpec[] {
  const specs = new Map<string, ParameterSpec>();
  build(
    new Scope((spec) => {
      const before = specs.get(spec.name);
      if (before !== undefined && `${before.shape}` !== `${spec.shape}`) {
        throw new RangeError(
          `Cannot share parameter ${spec.name}: shape [${before.shape}] is required, ` +
            `found [${spec.shape}]`,
        );
      }
      specs.set(spec.name, spec);
      return input(spec.name, spec.shape);
    }),
  );
  return [...specs.values()];
}

/** Number of values in all parameters. */
export function countParameters(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** First values of all parameters; each draws from its own stream, so its name order is free. */
export function initialParameters(specs: readonly ParameterSpec[], rng: Rng): Parameters {
  return Object.fromEntries(specs.map(({ name, shape, init }, i) => {
    const count = sizeOf(shape);
    return [name, ndarray(initialValues(init, count, rng.split(i)), shape)];
  }));
}

function initialValues(init: Initializer, count: number, rng: Rng): Float32Array {
  if (init.kind === "constant") return new Float32Array(count).fill(init.value);
  if (init.kind === "normal") return rng.normals(count).map((value) => value * init.std);
  const { low, high } = init;
  return Float32Array.from({ length: count }, () => low + (high - low) * rng.uniform());
}

/**
 * Parameters as constants of a graph.
 * @throws {RangeError} when one is missing or has another shape (raised while building)
 */
export function constantScope(parameters: Parameters): Scope {
  const made = new Map<string, Tensor>();
  return new Scope(({ name, shape }) => {
    const array = parameters[name];
    if (array === undefined || `${array.shape}` !== `${shape}`) {
      throw new RangeError(
        `Cannot build the network: parameter ${name} [${shape}] is required, ` +
          `found ${array === undefined ? "none" : `[${array.shape}]`}`,
      );
    }
    if (!made.has(name)) made.set(name, constant(array, name));
    return made.get(name)!;
  });
}

/** Parameters as slices of one flat vector `[P]`, in the order of `specs`. */
export function flatScope(specs: readonly ParameterSpec[], flat: Tensor): Scope {
  const tensors = new Map(
    layout(specs).map(({ name, shape, start, end }) =>
      [name, reshape(slice(flat, 0, start, end), shape)] as const
    ),
  );
  return new Scope(({ name }) => tensors.get(name)!);
}

/** The tensors of a scope, one for each spec. */
export function tensorsOf(specs: readonly ParameterSpec[], scope: Scope): Tensor[] {
  return specs.map(({ name, shape, init }) => scope.parameter(name, shape, init));
}

/** Where each parameter lies in the flat vector. */
function layout(specs: readonly ParameterSpec[]) {
  let end = 0;
  return specs.map((spec) => {
    const start = end;
    end += sizeOf(spec.shape);
    return { ...spec, start, end };
  });
}

/** All parameters joined to one vector, in the order of `specs`. */
export function flatten(specs: readonly ParameterSpec[], parameters: Parameters): Float32Array {
  const flat = new Float32Array(countParameters(specs));
  for (const { name, start } of layout(specs)) flat.set(parameters[name].data, start);
  return flat;
}

/** The inverse of {@link flatten}. */
export function unflatten(specs: readonly ParameterSpec[], flat: Float32Array): Parameters {
  const parts = layout(specs).map(({ name, shape, start, end }) =>
    [name, ndarray(flat.slice(start, end), shape)] as const
  );
  return Object.fromEntries(parts);
}
