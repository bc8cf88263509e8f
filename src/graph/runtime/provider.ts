/** What is used of onnxruntime: the same of its builds for Node and for browsers. @module */
import type { Shape } from "../tensor.ts";
import type { Device } from "./device.ts";

/** An array of onnxruntime. */
export interface OrtTensor {
  /** `cpu`, or where else it is kept. */
  readonly location: string;
  /** Its values; to be asked for on the CPU alone. */
  readonly data: unknown;
  readonly dims: readonly number[];
  dispose(): void;
}

/** A compiled graph of onnxruntime. */
export interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** How a graph is compiled. */
export interface SessionOptions {
  /** Threads of an operator on the CPU. */
  readonly threads?: number;
  /** Outputs that stay on the device. */
  readonly keep?: readonly string[];
  /** Names of all outputs. */
  readonly outputs: readonly string[];
}

/** A build of onnxruntime. */
export interface Provider {
  /** An array of float32 on the host. */
  tensor(data: Float32Array, shape: Shape): OrtTensor;
  /** Compiles a graph; rejects where the device cannot run it. */
  open(
    model: Uint8Array<ArrayBuffer>,
    device: Device,
    options: SessionOptions,
  ): Promise<OrtSession>;
}

/** Places of the outputs, as onnxruntime takes them; undefined where all are brought to the host. */
export function outputPlaces({ keep = [], outputs }: SessionOptions) {
  if (keep.length === 0) return undefined;
  const place = (name: string) => keep.includes(name) ? "gpu-buffer" : "cpu";
  return Object.fromEntries(outputs.map((name) => [name, place(name)] as const));
}

/** Settings of a session that onnxruntime takes by their names. */
export const sessionSettings = (device: Device) => ({
  session: {
    // Threads that spin while they wait slow down other work on a shared machine.
    intra_op: { allow_spinning: "0" },
    // A node that the device cannot run must not silently run on the CPU.
    ...(device !== "cpu" && { disable_cpu_ep_fallback: "1" }),
  },
});
