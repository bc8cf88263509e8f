/**
 * Runs graphs through onnxruntime. The only file that imports it.
 *
 * A `Runtime` owns every session it compiled and releases them when it is disposed; the same graph
 * is compiled once.
 * @module
 */
import { createHash } from "node:crypto";
import ort from "onnxruntime-node";
import { DeviceError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import { type Device, type DeviceRequest, hasHardwareAdapter, resolveDevice } from "./device.ts";
import { exp } from "../ops/elementwise.ts";
import { graphMemory } from "./memory.ts";
import { input } from "../ops/leaf.ts";
import { encodeModel, type NamedTensors } from "../proto.ts";
import { formatShape, sameShape } from "../shapes.ts";
import { type Shape, type Tensor, topological } from "../tensor.ts";

/** A compiled graph with named inputs and outputs. */
export interface Program<I extends string = string, O extends string = string> {
  /** Shapes of the inputs. */
  readonly inputShapes: Readonly<Record<I, Shape>>;
  /**
   * Runs the graph.
   * @throws {RangeError} when an array does not have the shape of its input
   */
  run(feeds: Readonly<Record<I, NdArray>>): Promise<Record<O, NdArray>>;
}

/** Shapes of named inputs, as `Runtime.build` takes them. */
export type InputShapes<I extends string> = Readonly<Record<I, Shape>>;

/** A device that compiles graphs, and the sessions it holds. */
export class Runtime implements AsyncDisposable {
  /** The device every session runs on. */
  readonly device: Device;
  readonly #sessions = new Map<string, Promise<ort.InferenceSession>>();
  #compileSeconds = 0;
  #graphBytes = 0;
  #disposed = false;

  private constructor(device: Device) {
    this.device = device;
  }

  /**
   * Opens a device.
   * @param request `auto` takes CUDA, else a hardware WebGPU adapter, else the CPU
   * @throws {DeviceError} when the requested device is not there
   */
  static async open(request: DeviceRequest = "auto"): Promise<Runtime> {
    return new Runtime(await resolveDevice(request, { trial, hasHardwareAdapter }));
  }

  /** Seconds spent compiling so far. */
  get compileSeconds(): number {
    return this.#compileSeconds;
  }

  /**
   * Bytes that the hungriest graph compiled so far takes while it runs, its constants counted twice
   * (as they are, and as onnxruntime packs them).
   */
  get graphBytes(): number {
    return this.#graphBytes;
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Compiles a graph given as a function of its inputs (all float32).
   * @example
   * ```ts
   * import { add, Runtime } from "./mod.ts";
   *
   * await using runtime = await Runtime.open("cpu");
   * const program = await runtime.build({ x: [2] }, ({ x }) => ({ y: add(x, 1) }));
   * const { y } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2] } });
   * console.assert(y.data[1] === 3);
   * ```
   */
  build<I extends string, O extends string>(
    shapes: InputShapes<I>,
    define: (inputs: Record<I, Tensor>) => Record<O, Tensor>,
  ): Promise<Program<I, O>> {
    const entries = Object.entries<Shape>(shapes).map((
      [name, shape],
    ) => [name, input(name, shape)]);
    const inputs = Object.fromEntries(entries) as Record<I, Tensor>;
    return this.compile(inputs, define(inputs));
  }

  /**
   * Compiles the graph between given inputs and outputs; a graph compiled before is reused.
   * @throws {TypeError} when an input or output is not float32 (cast it in the graph)
   */
  async compile<I extends string, O extends string>(
    inputs: Record<I, Tensor>,
    outputs: Record<O, Tensor>,
  ): Promise<Program<I, O>> {
    const start = performance.now();
    if (this.#disposed) throw new TypeError("Cannot compile a graph: the runtime is disposed");
    requireFloat32("input", inputs);
    requireFloat32("output", outputs);
    const model = encodeModel(inputs as NamedTensors, outputs as NamedTensors);
    const { constants, values } = graphMemory(Object.values<Tensor>(outputs));
    this.#graphBytes = Math.max(this.#graphBytes, 2 * constants + values);
    const key = createHash("sha256").update(model).digest("base64");
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = createSession(model, this.device, Object.values<Tensor>(outputs));
      this.#sessions.set(key, session);
      session.catch(() => this.#sessions.delete(key));
    }
    const ready = await session;
    this.#compileSeconds += (performance.now() - start) / 1000;
    return program(ready, inputs, outputs);
  }

  /** Releases all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await session.then((s) => s.release(), () => {});
  }
}

function requireFloat32(kind: string, tensors: NamedTensors): void {
  for (const [name, { dtype }] of Object.entries(tensors)) {
    if (dtype !== "float32") {
      throw new TypeError(`Cannot run a graph: ${kind} ${name} must be float32, found ${dtype}`);
    }
  }
}

/** onnxruntime's log levels: errors are thrown as well, so only what is fatal need be printed. */
const LOG_FATAL = 4;
ort.env.logLevel = "fatal";

/** Runs the smallest graph on a device, and fails where that device is not to be had. */
async function trial(device: Device): Promise<void> {
  const x = input("x", [1]);
  const session = await openSession(encodeModel({ x }, { y: exp(x) }), device);
  await session.release();
}

function openSession(
  model: Uint8Array<ArrayBuffer>,
  device: Device,
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    logSeverityLevel: LOG_FATAL,
    extra: {
      session: {
        // Threads that wait for work by spinning take it from each other on a machine that is shared.
        intra_op: { allow_spinning: "0" },
        // A node that the device cannot run must not run on the CPU without a word.
        ...(device !== "cpu" && { disable_cpu_ep_fallback: "1" }),
      },
    },
  });
}

/** Operators for which onnxruntime 1.30 has no WebGPU kernel. */
const CPU_ONLY: ReadonlySet<string> = new Set(["Sign", "Round", "And", "Or", "Not", "ArgMax"]);

async function createSession(
  model: Uint8Array<ArrayBuffer>,
  device: Device,
  outputs: readonly Tensor[],
): Promise<ort.InferenceSession> {
  try {
    return await openSession(model, device);
  } catch (cause) {
    if (device === "cpu") throw cause;
    const found = new Set(
      topological(outputs).map(({ op }) => op).filter((op) => CPU_ONLY.has(op)),
    );
    const blame = found.size > 0
      ? ` (its operators ${[...found].join(", ")} run on the CPU only)`
      : "";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`Cannot compile a graph for ${device}${blame}: ${reason}`, {
      cause,
      hint: "Run again with --device cpu",
    });
  }
}

function program<I extends string, O extends string>(
  session: ort.InferenceSession,
  inputs: Record<I, Tensor>,
  outputs: Record<O, Tensor>,
): Program<I, O> {
  const names = Object.keys(inputs) as I[];
  const outputNames = Object.keys(outputs) as O[];
  const inputShapes = Object.fromEntries(names.map((name) => [name, inputs[name].shape]));
  return {
    inputShapes: inputShapes as Record<I, Shape>,
    async run(feeds) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const name of names) {
        if (!Object.hasOwn(feeds, name)) {
          throw new TypeError(`Cannot run the graph: input ${name} is missing`);
        }
        const { data, shape } = feeds[name];
        if (!sameShape(shape, inputs[name].shape)) {
          throw new RangeError(
            `Cannot run the graph: input ${name} must have shape ` +
              `${formatShape(inputs[name].shape)}, found ${formatShape(shape)}`,
          );
        }
        tensors[name] = new ort.Tensor("float32", data, shape);
      }
      const results = await session.run(tensors);
      const arrays = outputNames.map((name) => {
        const { data, dims } = results[name];
        return [name, { data: data as Float32Array, shape: dims }] as const;
      });
      return Object.fromEntries(arrays) as Record<O, NdArray>;
    },
  };
}
