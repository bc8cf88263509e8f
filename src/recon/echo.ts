/** Methods where the echo lies off the centre of k-space: they solve for the image without its linear phase. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Problem, Solver } from "../method/problem.ts";
import { type EchoShift, withEchoPhase } from "../mri/calibration/echo.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";

/** The solver, which takes the linear phase out of the image and gives the image back with it. */
export function centredSolver(runtime: Runtime, solver: Solver): Solver {
  const { sample } = solver;
  const around = (solve: Solver["solve"]): Solver["solve"] => async (problem, control) => {
    const { echo, ...plain } = problem;
    const { maps } = plain.inputs;
    if (echo === undefined || maps === undefined) return await solve(problem, control);
    const centred: Problem = {
      ...plain,
      inputs: { ...plain.inputs, maps: await turned(runtime, maps, echo) },
    };
    return await turned(runtime, await solve(centred, control), echo);
  };
  return {
    ...solver,
    solve: around((problem, control) => solver.solve(problem, control)),
    sample: sample && around((problem, control) => sample(problem, control)),
  };
}

/** Complex images one after the other, `[..., 2 n, H, W]`, times the phase of the echo. */
async function turned(runtime: Runtime, { data, shape }: NdArray, echo: EchoShift) {
  const [height, width] = shape.slice(-2);
  const images = ndarray(data, [sizeOf(shape) / (2 * height * width), 2, height, width]);
  const program = await runtime.build({ images: images.shape }, ({ images }) => ({
    result: withEchoPhase(images, echo),
  }));
  return ndarray((await program.run({ images })).result.data, shape);
}
