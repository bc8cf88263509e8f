/** Compiled graphs: their inputs and outputs. @module */
import type { NdArray } from "../../ndarray.ts";
import type { Shape } from "../tensor.ts";

/**
 * An array that the runtime keeps: in the memory of a WebGPU device, or on the host for other devices
 * (onnxruntime-node 1.30 keeps nothing on CUDA). A program takes it in place of an `NdArray`.
 */
export interface DeviceArray extends Disposable {
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** Brings the array to the host. */
  read(): Promise<NdArray>;
}

/** An input of a program. */
export type ProgramInput = NdArray | DeviceArray;

/**
 * A compiled graph with named inputs and outputs.
 * @typeParam K outputs that the runtime keeps
 */
export interface Program<
  I extends string = string,
  O extends string = string,
  K extends O = never,
> {
  /** Shapes of the inputs that are not bound. */
  readonly inputShapes: Readonly<Record<I, Shape>>;
  /**
   * Runs the graph.
   * @throws {TypeError} when an input is missing
   * @throws {RangeError} when an array does not have the shape of its input
   */
  run(
    feeds: Readonly<Record<I, ProgramInput>>,
  ): Promise<{ [N in O]: N extends K ? DeviceArray : NdArray }>;
  /**
   * The program with some inputs fixed: they are checked and brought to the device once, not at
   * every run. The arrays must not change afterwards. Disposing of the result frees them.
   * @throws {TypeError} when a name is none of the inputs
   * @throws {RangeError} when an array does not have the shape of its input
   */
  bind<F extends I>(
    fixed: Readonly<Record<F, ProgramInput>>,
  ): Promise<Program<Exclude<I, F>, O, K> & Disposable>;
}

/** Shapes of named inputs, as `Runtime.build` takes them. */
export type InputShapes<I extends string> = Readonly<Record<I, Shape>>;

/** Options of `Runtime.open`. */
export interface RuntimeOptions {
  /** Threads that an operator uses on the CPU. Default: one for each core. */
  readonly threads?: number;
}

/** Options of `Runtime.build` and `Runtime.compile`. */
export interface CompileOptions<K extends string> {
  /** Outputs that the runtime keeps, to be fed to a later run. Default: none. */
  readonly keep?: readonly K[];
  /**
   * Whether the CPU's graph is cut where `cutAfter` and `asPart` mark it, so that parts that are alike are
   * compiled once. Default false: values between parts take time and memory.
   */
  readonly inParts?: boolean;
}
