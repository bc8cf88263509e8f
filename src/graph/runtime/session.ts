/**
 * Runs graphs through onnxruntime.
 *
 * A `Runtime` owns every session it compiled and releases them when it is disposed; the same graph
 * is compiled once.
 * @module
 */
import { sha256 } from "../../host.ts";
import type { CompileOptions, InputShapes, Program, RuntimeOptions } from "./program.ts";
import {
  compileError,
  type Device,
  type DeviceRequest,
  hasHardwareAdapter,
  resolveDevice,
} from "./device.ts";
import { provider } from "./onnxruntime.ts";
import type { OrtSession } from "./provider.ts";
import { hostArray, sessionProgram } from "./session_program.ts";
import { checkConvolutions, convolutions } from "./convolution_check.ts";
import { type GraphMemory, graphMemory } from "./memory.ts";
import { chained, type Part, partsOf } from "./parts.ts";
import { input } from "../ops/leaf.ts";
import { encodeModel, type NamedTensors } from "../proto.ts";
import { forWebgpu } from "./webgpu_graph.ts";
import { type Shape, type Tensor, topological } from "../tensor.ts";

/** A device that compiles graphs, and the sessions it holds. */
export class Runtime implements AsyncDisposable {
  /** The device every session runs on. */
  readonly device: Device;
  readonly #threads: number | undefined;
  readonly #sessions = new Map<string, Promise<OrtSession>>();
  #compileSeconds = 0;
  #memory: GraphMemory = { constants: 0, values: 0 };
  #disposed = false;

  private constructor(device: Device, threads: number | undefined) {
    this.device = device;
    this.#threads = threads;
  }

  /**
   * Opens a device.
   * @param request `auto` takes CUDA, else a hardware WebGPU adapter, else the CPU
   * @throws {DeviceError} when the requested device is not there
   * @throws {RangeError} when `threads` is not a positive whole number
   */
  static async open(
    request: DeviceRequest = "auto",
    { threads }: RuntimeOptions = {},
  ): Promise<Runtime> {
    if (threads !== undefined && !(Number.isSafeInteger(threads) && threads > 0)) {
      throw new RangeError(`Cannot use ${threads} threads: a positive whole number is required`);
    }
    return new Runtime(await resolveDevice(request, { trial, hasHardwareAdapter }), threads);
  }

  /** Seconds spent compiling so far. */
  get compileSeconds(): number {
    return this.#compileSeconds;
  }

  /** Bytes of the constants of all graphs compiled so far, and of the values of the largest. */
  get memory(): GraphMemory {
    return this.#memory;
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Compiles a graph given as a function of its inputs (all float32).
   * @example
   * ```ts
   * import { add, Runtime } from "@larmor/larmor/graph";
   *
   * await using runtime = await Runtime.open("cpu");
   * const program = await runtime.build({ x: [2] }, ({ x }) => ({ y: add(x, 1) }));
   * const { y } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2] } });
   * console.assert(y.data[1] === 3);
   * ```
   */
  build<I extends string, O extends string, K extends O = never>(
    shapes: InputShapes<I>,
    define: (inputs: Record<I, Tensor>) => Record<O, Tensor>,
    options: CompileOptions<K> = {},
  ): Promise<Program<I, O, K>> {
    const inputs = Object.fromEntries(
      Object.entries<Shape>(shapes).map(([name, shape]) => [name, input(name, shape)]),
    ) as Record<I, Tensor>;
    return this.compile(inputs, define(inputs), options);
  }

  /**
   * Compiles the graph between given inputs and outputs; a graph compiled before is reused.
   * @throws {TypeError} when an input or output is not float32 (cast it in the graph), or a name of
   * `keep` is no output
   */
  async compile<I extends string, O extends string, K extends O = never>(
    inputs: Record<I, Tensor>,
    outputs: Record<O, Tensor>,
    { keep = [], inParts = false }: CompileOptions<K> = {},
  ): Promise<Program<I, O, K>> {
    const start = performance.now();
    if (this.#disposed) throw new TypeError("Cannot compile a graph: the runtime is disposed");
    requireFloat32("input", inputs);
    requireFloat32("output", outputs);
    const unknown = keep.find((name) => !Object.hasOwn(outputs, name));
    if (unknown !== undefined) {
      throw new TypeError(`Cannot keep ${unknown}: one of ${Object.keys(outputs)} is required`);
    }
    const parts = inParts && this.device === "cpu" ? partsOf(inputs, outputs) : [];
    const ready = parts.length > 1
      ? await this.#chain(parts, inputs, outputs)
      : await this.#session(inputs, outputs, keep);
    this.#compileSeconds += (performance.now() - start) / 1000;
    return sessionProgram<I, O, K>(this, ready, inputs, new Set<string>(keep));
  }

  /** The parts of a graph as one session. */
  async #chain(
    parts: readonly Part[],
    inputs: NamedTensors,
    outputs: NamedTensors,
  ): Promise<OrtSession> {
    this.#count({ constants: 0, values: graphMemory(Object.values(outputs)).values });
    const sessions: OrtSession[] = [];
    for (const part of parts) sessions.push(await this.#session(part.inputs, part.outputs, []));
    return chained(parts, sessions, inputs, outputs);
  }

  /** The session of a graph; a graph compiled before is reused. */
  async #session(
    inputs: NamedTensors,
    outputs: NamedTensors,
    keep: readonly string[],
  ): Promise<OrtSession> {
    const right = this.device === "webgpu" ? forWebgpu(outputs) : outputs;
    const model = encodeModel(inputs, right);
    const onDevice = this.device === "webgpu" ? keep : [];
    const key = sha256().update(model).update(`${onDevice}`).digest();
    const known = this.#sessions.get(key);
    if (known !== undefined) return await known;
    this.#count(graphMemory(Object.values(outputs)));
    const session = provider.open(model, this.device, {
      threads: this.#threads,
      keep: onDevice,
      outputs: Object.keys(outputs),
    }).catch((cause) => {
      throw compileError(
        this.device,
        topological(Object.values(outputs)).map(({ op }) => op),
        cause,
      );
    });
    this.#sessions.set(key, session);
    session.catch(() => this.#sessions.delete(key));
    return await session;
  }

  #count({ constants, values }: GraphMemory): void {
    this.#memory = {
      constants: this.#memory.constants + constants,
      values: Math.max(this.#memory.values, values),
    };
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

/** Runs a graph of convolutions on a device; rejects where they do not run, or come out wrong. */
async function trial(device: Device): Promise<void> {
  const asked = convolutions();
  const outputs = Object.keys(asked.outputs);
  const session = await provider.open(encodeModel(asked.inputs, forWebgpu(asked.outputs)), device, {
    outputs,
  });
  const feeds = Object.entries(asked.feeds).map(([name, { data, shape }]) =>
    [name, provider.tensor(data as Float32Array, shape)] as const
  );
  const found = Object.entries(await session.run(Object.fromEntries(feeds)));
  checkConvolutions(
    asked,
    Object.fromEntries(found.map(([name, tensor]) => [name, hostArray(tensor)])),
  );
  await session.release();
}
