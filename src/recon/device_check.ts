/** Whether a device reconstructs as the CPU does, and how fast: a few steps of methods of each kind. @module */
import { Runtime } from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
import { simulatedBrain } from "./example.ts";
import { reconstruct } from "./reconstruct.ts";
import type { ReconstructOptions } from "./types.ts";

/** What is run, and the largest relative error that float32 explains. */
interface Step {
  /** Kind of step, in words. */
  readonly kind: string;
  readonly options: ReconstructOptions & { readonly method: string };
  readonly bound: number;
}

/** Each kind of step once: what a reconstruction is made of. */
const STEPS: readonly Step[] = [
  {
    kind: "conjugate gradients",
    options: { method: "sense", steps: 6 },
    bound: 1e-3,
  },
  {
    kind: "total variation",
    options: { method: "tv", steps: 6 },
    bound: 1e-3,
  },
  {
    kind: "denoiser",
    options: { method: "pnp-admm", steps: 2 },
    bound: 1e-3,
  },
  {
    kind: "denoiser and noise",
    options: { method: "diffpir", steps: 2, samples: 1 },
    bound: 1e-3,
  },
  {
    // The derivative has fewer digits; the weight for two steps is four times that for fifty.
    kind: "gradient of the denoiser",
    options: { method: "dps", steps: 2, samples: 1, weight: 4 },
    bound: 1e-2,
  },
];

/** What {@link checkSteps} found of one kind of step. */
export interface StepFinding {
  readonly kind: string;
  readonly method: string;
  /** Norm of the difference of the images, relative to that of the CPU's. */
  readonly error: number;
  /** Largest error that counts as agreement. */
  readonly bound: number;
  /** Seconds of the method on the device; the first run of a graph takes longer. */
  readonly seconds: number;
  /** The same on the CPU. */
  readonly cpuSeconds: number;
}

/** Options of {@link checkSteps}. */
export interface StepCheck {
  /** Rows and columns of the image. */
  readonly size: number;
  /** Whether each runs twice, so that the time is that of graphs that are compiled. */
  readonly warm: boolean;
  /** Threads of the CPU. */
  readonly threads?: number;
  readonly onStep?: (kind: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reconstructs a drawn brain on a device and on the CPU, by one method for each kind of step.
 */
export async function checkSteps(
  runtime: Runtime,
  { size, warm, threads, onStep, signal }: StepCheck,
): Promise<StepFinding[]> {
  using kspace = await simulatedBrain({ size, coils: 4 });
  await using cpu = await Runtime.open("cpu", { threads });
  const findings: StepFinding[] = [];
  for (const { kind, options, bound } of STEPS) {
    onStep?.(kind);
    const all = { mask: "equispaced:R=2,acs=12", audit: "none", signal, ...options } as const;
    const run = async (device: Runtime) => {
      if (warm) await reconstruct(kspace, { ...all, device });
      return await reconstruct(kspace, { ...all, device });
    };
    const expected = await run(cpu), found = await run(runtime);
    findings.push({
      kind,
      method: options.method,
      error: relativeError(found.magnitude, expected.magnitude),
      bound,
      seconds: found.seconds.reconstruct,
      cpuSeconds: expected.seconds.reconstruct,
    });
  }
  return findings;
}

function relativeError({ data: found }: NdArray, { data: expected }: NdArray): number {
  let difference = 0, norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
