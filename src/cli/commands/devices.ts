/** `deno task devices`: what there is to compute on, and whether it computes right. @module */
import { type Device, Runtime } from "../../graph/mod.ts";
import { type AdapterInfo, adapterInfo } from "../../graph/runtime/device.ts";
import { checkOperators, type OperatorFindings } from "../../graph/runtime/operator_check.ts";
import { cores } from "../../host.ts";
import { type Software, software } from "../../provenance.ts";
import { checkSteps, type StepFinding } from "../../recon/device_check.ts";
import { jsonLine } from "../files.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { number } from "../options/values.ts";
import { describeFailure } from "../entry.ts";
import { devicesText } from "../render/devices_text.ts";

const SCHEMA = "larmor.devices/1";
const ALL: readonly Device[] = ["cpu", "webgpu", "cuda"];
/** Rows and columns of the image of the self-test: on a GPU, and where it is emulated or the CPU. */
const SIZE = 192, SMALL = 24;

/** A device and what was found of it. */
export interface DeviceReport {
  readonly device: Device;
  /** Why it cannot be used, and what to do; absent where it can. */
  readonly failure?: { readonly message: string; readonly hint?: string };
  /** What the runtime says of the GPU; null for other devices, or where it says nothing. */
  readonly adapter: AdapterInfo | null;
  readonly operators?: OperatorFindings;
  /** Rows and columns of the image that the steps reconstruct. */
  readonly size?: number;
  readonly steps?: readonly StepFinding[];
}

/** What `devices` prints as JSON. */
export interface DevicesReport {
  readonly schema: typeof SCHEMA;
  readonly software: Software;
  /** Threads of the processor. */
  readonly cores: number;
  readonly devices: readonly DeviceReport[];
}

export const devices = command({
  usage: "deno task devices [options]",
  about:
    "Lists what Larmor can compute on here: the processor, WebGPU, CUDA. What is there is tested " +
    "against the processor: each operator of its graphs, and a few steps of methods of each kind, with " +
    "their agreement and speed. What is not there comes with what to install. When you report how your " +
    "GPU does, add --json.",
  options: {
    device: {
      ...DEVICE.device,
      summary: "the device to test. Default: all that are there",
      fallback: undefined,
    },
    threads: DEVICE.threads,
    size: option(
      "N",
      `rows and columns of the test's image. Default: ${SIZE}, where WebGPU is emulated ${SMALL}`,
      number({ integer: true, min: SMALL, max: 1024 }),
    ),
    ...COMMON,
  },
  examples: ["deno task devices", "deno task devices --json"],
}, async ({ device, threads, size, json, quiet }, { console, signal }) => {
  const asked = device === undefined || device === "auto" ? ALL : ALL.filter((d) => d === device);
  const found: DeviceReport[] = [];
  for (const name of asked) {
    const onStep = (doing: string) => {
      if (!quiet) console.err(`${doing}\n`);
    };
    onStep(`${name}: testing`);
    found.push(await tested(name, { threads, size, signal, onStep }));
  }
  const report: DevicesReport = {
    schema: SCHEMA,
    software: await software(),
    cores: cores(),
    devices: found,
  };
  console.out(json ? jsonLine(report) : devicesText(report));
  const isWrong = found.some(({ operators, steps = [] }) =>
    (operators?.wrong.length ?? 0) > 0 || steps.some(({ error, bound }) => !(error <= bound))
  );
  const isAbsent = device !== undefined && found.some(({ failure }) => failure !== undefined);
  return isWrong || isAbsent ? 4 : 0;
});

async function tested(
  device: Device,
  { threads, size, signal, onStep }: {
    threads?: number;
    size?: number;
    signal: AbortSignal;
    onStep: (doing: string) => void;
  },
): Promise<DeviceReport> {
  const adapter = device === "webgpu" ? await adapterInfo() : null;
  try {
    await using runtime = await Runtime.open(device, { threads });
    const isReal = device === "cuda" || adapter?.isFallback === false;
    const chosen = size ?? (isReal || device === "cpu" ? SIZE : SMALL);
    const operators = device === "cpu" ? undefined : await checkOperators(device);
    // How fast an emulated GPU is says nothing, and its first run takes minutes.
    const steps = await checkSteps(runtime, {
      ...{ size: chosen, warm: device !== "webgpu" || isReal, threads, signal },
      onStep: (kind) => onStep(`${device}: ${kind}`),
    });
    return { device, adapter, operators, size: chosen, steps };
  } catch (error) {
    signal.throwIfAborted();
    const { message, hint } = describeFailure(error);
    return { device, adapter, failure: { message, hint } };
  }
}
