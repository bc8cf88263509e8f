/**
 * Runs graphs through onnxruntime.
 *
 * A `Runtime` owns every session it compiled and releases them when it is disposed; the same graph
 * is compiled once.
 * @module
 */
import { sha256 } from "../../host.ts";
import type { NdArray } from "../../ndarray.ts";
import type {
  CompileOptions,
  DeviceArray,
  InputShapes,
  Program,
  ProgramInput,
  RuntimeOptions,
} from "./program.ts";
import {
  compileError,
  type Device,
  type DeviceRequest,
  hasHardwareAdapter,
  resolveDevice,
} from "./device.ts";
import { provider } from "./onnxruntime.ts";
import type { OrtSession, OrtTensor } from "./provider.ts";
import { checkConvolutions, convolutions } from "./convolution_check.ts";
import { type GraphMemory, graphMemory } from "./memory.ts";
import { identity, input } from "../ops/leaf.ts";
import { encodeModel, type NamedTensors } from "../proto.ts";
import { forWebgpu } from "./webgpu_graph.ts";
import { formatShape, sameShape } from "../shapes.ts";
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
    { keep = [] }: CompileOptions<K> = {},
  ): Promise<Program<I, O, K>> {
    const start = performance.now();
    if (this.#disposed) throw new TypeError("Cannot compile a graph: the runtime is disposed");
    requireFloat32("input", inputs);
    requireFloat32("output", outputs);
    const unknown = keep.find((name) => !Object.hasOwn(outputs, name));
    if (unknown !== undefined) {
      throw new TypeError(`Cannot keep ${unknown}: one of ${Object.keys(outputs)} is required`);
    }
    const right = this.device === "webgpu" ? forWebgpu(outputs) : outputs;
    const model = encodeModel(inputs as NamedTensors, right as NamedTensors);
    const onDevice = this.device === "webgpu" ? keep : [];
    const key = sha256().update(model).update(`${onDevice}`).digest();
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const { constants, values } = graphMemory(Object.values<Tensor>(outputs));
      this.#memory = {
        constants: this.#memory.constants + constants,
        values: Math.max(this.#memory.values, values),
      };
      session = provider.open(model, this.device, {
        threads: this.#threads,
        keep: onDevice,
        outputs: Object.keys(outputs),
      }).catch((cause) => {
        const operators = topological(Object.values<Tensor>(outputs)).map(({ op }) => op);
        throw compileError(this.device, operators, cause);
      });
      this.#sessions.set(key, session);
      session.catch(() => this.#sessions.delete(key));
    }
    const ready = await session;
    this.#compileSeconds += (performance.now() - start) / 1000;
    return sessionProgram<I, O, K>(this, ready, inputs, new Set<string>(keep));
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

/** A session as a program; `bound` are the inputs that are fixed. */
function sessionProgram<I extends string, O extends string, K extends O>(
  runtime: Runtime,
  session: OrtSession,
  inputs: Readonly<Record<I, Tensor>>,
  kept: ReadonlySet<string>,
  bound: Readonly<Record<string, OrtTensor>> = {},
): Program<I, O, K> {
  const shapes = Object.entries<Tensor>(inputs).map(([name, { shape }]) => [name, shape] as const);
  return {
    inputShapes: Object.fromEntries(shapes) as Record<I, Shape>,
    async run(feeds) {
      const tensors: Record<string, OrtTensor> = { ...bound };
      for (const [name, shape] of shapes) {
        if (!Object.hasOwn(feeds, name)) {
          throw new TypeError(`Cannot run the graph: input ${name} is missing`);
        }
        tensors[name] = checkedInput(name, shape, feeds[name as I]);
      }
      const results = Object.entries(await session.run(tensors)).map(([name, tensor]) =>
        [name, kept.has(name) ? new KeptArray(runtime, tensor) : hostArray(tensor)] as const
      );
      return Object.fromEntries(results) as { [N in O]: N extends K ? DeviceArray : NdArray };
    },
    async bind<F extends I>(fixed: Readonly<Record<F, ProgramInput>>) {
      const all = { ...bound };
      const rest: Record<string, Tensor> = { ...inputs };
      const uploaded: OrtTensor[] = [];
      for (const [name, array] of Object.entries<ProgramInput>(fixed)) {
        if (!Object.hasOwn(rest, name)) {
          throw new TypeError(
            `Cannot bind input ${name}: one of ${Object.keys(rest).join(", ")} is required`,
          );
        }
        all[name] = checkedInput(name, rest[name].shape, array);
        if (runtime.device === "webgpu" && all[name].location === "cpu") {
          all[name] = await copied(runtime, all[name], "device");
          uploaded.push(all[name]);
        }
        delete rest[name];
      }
      type Rest = Exclude<I, F>;
      return Object.assign(
        sessionProgram<Rest, O, K>(runtime, session, rest as Record<Rest, Tensor>, kept, all),
        { [Symbol.dispose]: () => uploaded.forEach((tensor) => tensor.dispose()) },
      );
    },
  };
}

function checkedInput(name: string, shape: Shape, array: ProgramInput): OrtTensor {
  if (!sameShape(array.shape, shape)) {
    throw new RangeError(
      `Cannot run the graph: input ${name} must have shape ${formatShape(shape)}, ` +
        `found ${formatShape(array.shape)}`,
    );
  }
  return array instanceof KeptArray
    ? array.tensor
    : provider.tensor((array as NdArray).data as Float32Array, shape);
}

class KeptArray implements DeviceArray {
  readonly tensor: OrtTensor;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, tensor: OrtTensor) {
    this.tensor = tensor;
    this.#runtime = runtime;
  }

  get shape(): Shape {
    return this.tensor.dims;
  }

  async read(): Promise<NdArray> {
    const onHost = this.tensor.location === "cpu";
    return hostArray(onHost ? this.tensor : await copied(this.#runtime, this.tensor, "host"));
  }

  [Symbol.dispose](): void {
    if (this.tensor.location !== "cpu") this.tensor.dispose();
  }
}

/** Between host and WebGPU onnxruntime-node 1.30 copies inputs and outputs of graphs, nothing else. */
async function copied(runtime: Runtime, tensor: OrtTensor, to: "host" | "device") {
  const copy = await runtime.build<"x", "y", "y">(
    { x: tensor.dims },
    ({ x }) => ({ y: identity(x) }),
    to === "device" ? { keep: ["y"] } : {},
  );
  const { y } = await copy.run({ x: new KeptArray(runtime, tensor) });
  return y instanceof KeptArray ? y.tensor : checkedInput("x", tensor.dims, y);
}

function hostArray({ data, dims }: OrtTensor): NdArray {
  return { data: data as Float32Array, shape: dims };
}
