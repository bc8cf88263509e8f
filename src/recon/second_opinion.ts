/** What total variation, whose prior knows nothing of anatomy, makes of the data of a slice. @module */
import { tv } from "../classical/mod.ts";
import type { Runtime } from "../graph/mod.ts";
import type { Problem, RunControl, SamplingGeometry, Solver } from "../method/problem.ts";
import type { NdArray } from "../ndarray.ts";
import { once } from "../once.ts";
import { preparedSolver } from "./partial_fourier.ts";

/** Gives second opinions of the slices of a volume; compiles once for each sampling. */
export class SecondOpinion {
  readonly #solvers = new Map<string, Promise<Solver>>();

  /** @param runtime must outlive it */
  constructor(private readonly runtime: Runtime) {}

  /** The image `[2 S, H, W]` of total variation. @param key of the sampling */
  async of(
    { key, geometry, problem }: {
      readonly key: string;
      readonly geometry: SamplingGeometry;
      readonly problem: Problem;
    },
    { signal }: Pick<RunControl, "signal">,
  ): Promise<NdArray> {
    const solver = await once(
      this.#solvers,
      key,
      () => preparedSolver(this.runtime, tv, geometry),
    );
    return await solver.solve(problem, { signal });
  }
}
