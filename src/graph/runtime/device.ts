/** The choice of the device that graphs run on. @module */
import { DeviceError } from "../../errors.ts";

/** A device that graphs run on. */
export type Device = "cpu" | "webgpu" | "cuda";

/** A device, or `auto`. */
export type DeviceRequest = Device | "auto";

/** The checks of devices; tests replace them. */
export interface DeviceProbe {
  /** Runs small graphs on a device; rejects when they do not run there, or give wrong numbers. */
  trial(device: Device): Promise<void>;
  /** Whether WebGPU has a real GPU, not one emulated on the CPU. */
  hasHardwareAdapter(): Promise<boolean>;
}

const HINTS: Record<Exclude<Device, "cpu">, string> = {
  cuda:
    "The npm package of onnxruntime-node leaves the CUDA provider out. On Linux x64 with CUDA 12 " +
    "and cuDNN 9, its own install script fetches it: ONNXRUNTIME_NODE_INSTALL=cuda12 deno run -A " +
    "npm:onnxruntime-node@1.30.0/script/install.js. Otherwise run with --device cpu",
  webgpu:
    "WebGPU needs a GPU with a Vulkan (libvulkan.so.1 on Linux), Metal or Direct3D 12 driver. " +
    "Otherwise run with --device cpu",
};

/**
 * Chooses the device. `auto` takes CUDA if it runs, else a WebGPU adapter that is hardware, else the
 * CPU. A device asked for by name is taken, emulated WebGPU included, or refused: there is no fallback.
 * @throws {DeviceError} when the requested device is not there
 */
export async function resolveDevice(request: DeviceRequest, probe: DeviceProbe): Promise<Device> {
  if (request === "cpu") return "cpu";
  if (request !== "auto") {
    try {
      await probe.trial(request);
    } catch (cause) {
      const message = `Cannot run on ${request}: ${withoutSource(messageOf(cause))}`;
      throw new DeviceError(message, { hint: HINTS[request], cause });
    }
    return request;
  }
  const runs = (device: Device) => probe.trial(device).then(() => true, () => false);
  if (await runs("cuda")) return "cuda";
  if (await probe.hasHardwareAdapter() && await runs("webgpu")) return "webgpu";
  return "cpu";
}

const messageOf = (cause: unknown) => cause instanceof Error ? cause.message : String(cause);

/** Removes the source path, line and function that onnxruntime's messages begin with. */
function withoutSource(message: string): string {
  return message.replace(/^\/onnxruntime_src\S+ .*? was false\. /s, "").trim();
}

/** The part of WebGPU's API that is used; not all targets of the type checker have its types. */
interface Gpu {
  requestAdapter(): Promise<
    | { readonly info: Readonly<Record<string, unknown>> & { readonly isFallbackAdapter: boolean } }
    | null
  >;
}

/** The GPU that WebGPU would take. */
export interface AdapterInfo {
  /** What it calls itself, such as `nvidia turing`. */
  readonly name: string;
  /** Whether it is emulated on the CPU. */
  readonly isFallback: boolean;
}

/** Asks the runtime's own WebGPU, as onnxruntime does not tell; null where it has none. */
export async function adapterInfo(): Promise<AdapterInfo | null> {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: Gpu } };
  try {
    const adapter = await navigator?.gpu?.requestAdapter();
    if (!adapter) return null;
    const { info } = adapter;
    const words = [info.vendor, info.architecture, info.device, info.description];
    const name = words.filter((word) => typeof word === "string" && word !== "").join(" ");
    return { name, isFallback: info.isFallbackAdapter };
  } catch {
    return null; // no driver
  }
}

/** Whether WebGPU has a real GPU, as onnxruntime does not tell hardware from emulation. */
export const hasHardwareAdapter = async (): Promise<boolean> =>
  (await adapterInfo())?.isFallback === false;

/** Operators for which onnxruntime 1.30 has no WebGPU kernel. */
const CPU_ONLY: ReadonlySet<string> = new Set(["Sign", "Round", "And", "Or", "Not", "ArgMax"]);

/** The error of a graph that does not compile; for a GPU it names operators that it lacks. */
export function compileError(device: Device, operators: readonly string[], cause: unknown) {
  if (device === "cpu") return cause;
  const missing = [...new Set(operators.filter((op) => CPU_ONLY.has(op)))].join(", ");
  const blame = missing && ` (its operators ${missing} run on the CPU only)`;
  const message = `Cannot compile a graph for ${device}${blame}: ${messageOf(cause)}`;
  return new DeviceError(message, { cause, hint: "Run again with --device cpu" });
}
