/** The audit of a reconstruction, slice by slice, beside the reconstruction itself. @module */
import type { Runtime } from "../../graph/mod.ts";
import { compileConsistency, type MeasureConsistency } from "./consistency.ts";
import type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry,
} from "../../method/problem.ts";
import type { NdArray } from "../../ndarray.ts";
import { once } from "../../once.ts";
import type { ReadSlice } from "../slice_supply.ts";
import type { SliceAudit } from "./audit.ts";
import { sense } from "../../classical/mod.ts";
import { consistencyFigures, MIN_SIGMA } from "./figures.ts";
import { imageNoise, unknowns } from "./image_figures.ts";
import { compilePrediction, type Predict } from "./prediction.ts";

/** How thorough an audit is: none, what costs a fraction of a second a slice, or a second reconstruction. */
export type AuditLevel = "none" | "consistency" | "prediction";

interface AuditorOptions {
  readonly method: Method;
  readonly options: MethodOptions;
  readonly level: AuditLevel;
  readonly seed: number;
}

interface AuditedSlice extends Pick<ReadSlice, "key" | "geometry"> {
  readonly index: number;
  readonly problem: Problem;
  /** The reconstruction `[2 S, H, W]`, on the scale of the problem. */
  readonly image: NdArray;
}

type Measures = readonly [MeasureConsistency, Predict | undefined];

/** Audits the slices of a volume; compiles once for each sampling. */
export class Auditor {
  readonly #compiled = new Map<string, Promise<Measures>>();
  readonly #compile: (geometry: SamplingGeometry) => Promise<Measures>;

  /** @param runtime must outlive the auditor */
  constructor(runtime: Runtime, readonly options: AuditorOptions) {
    this.#compile = async (geometry) => [
      await compileConsistency(runtime, geometry),
      this.predicts ? await compilePrediction(runtime, geometry, options) : undefined,
    ];
  }

  /** Whether there is anything to do: images of methods without coil maps have no phase to compare. */
  get active(): boolean {
    return this.options.level !== "none" && this.options.method.needsMaps;
  }

  get predicts(): boolean {
    return this.active && this.options.level === "prediction";
  }

  async slice(
    { index, key, geometry, problem, image }: AuditedSlice,
    control: RunControl,
  ): Promise<SliceAudit> {
    const [measure, predict] = await once(this.#compiled, key, () => this.#compile(geometry));
    const energies = await measure(problem, image);
    const { maps } = problem.inputs;
    const measured = energies.bands.reduce((sum, { count }) => sum + count, 0);
    const noise = imageNoise(image, maps);
    return {
      slice: index,
      consistency: {
        ...consistencyFigures(energies, problem.sigma),
        imageNoise: noise,
        amplification: noise / Math.max(problem.sigma, MIN_SIGMA),
        ...(this.options.method === sense &&
          { undetermined: unknowns(maps) / Math.max(1, measured) }),
      },
      prediction: await predict?.(problem, control),
      method: this.options.method,
    };
  }
}
