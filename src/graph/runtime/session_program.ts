/** Sessions as programs: arrays checked, kept on the device, and read. @module */
import type { NdArray } from "../../ndarray.ts";
import { identity } from "../ops/leaf.ts";
import { formatShape, sameShape } from "../shapes.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { provider } from "./onnxruntime.ts";
import type { DeviceArray, Program, ProgramInput } from "./program.ts";
import type { OrtSession, OrtTensor } from "./provider.ts";
import type { Runtime } from "./session.ts";

/** A session as a program; `bound` are the inputs that are fixed. */
export function sessionProgram<I extends string, O extends string, K extends O>(
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

/** An array of onnxruntime on the host. */
export function hostArray({ data, dims }: OrtTensor): NdArray {
  return { data: data as Float32Array, shape: dims };
}
