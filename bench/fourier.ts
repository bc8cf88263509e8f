/** The Fourier transform and the normal operator at 15 x 640 x 368, beside pocketfft. */
import { reduceSum, type Runtime } from "../src/graph/mod.ts";
import { mul } from "../src/graph/mod.ts";
import { dftH } from "../src/mri/physics/dft.ts";
import { makeMask } from "../src/mri/sampling/masks.ts";
import { mriOperator } from "../src/mri/physics/operator.ts";
import type { NdArray } from "../src/ndarray.ts";
import { Rng } from "../src/rng.ts";
import type { Case } from "./table.ts";

const [COILS, PHASE, READOUT] = [15, 368, 640];

/** Evaluations in a row, so that handing arrays over is not what is timed. */
const CHAIN = 4;

const random = (shape: readonly number[]): NdArray => ({
  data: new Rng(1).normals(shape.reduce((a, b) => a * b)),
  shape,
});

/** Complex DFT of length n by its definition in two stages n = a b: real operations a column. */
const twoStageFlops = (n: number, a: number, b: number) => 8 * n * (a + b);

/** Cases for both. */
export async function fourierCases(runtime: Runtime): Promise<Case[]> {
  const x = random([COILS, 2, PHASE, READOUT]);
  const transform = await runtime.build({ x: x.shape }, ({ x }) => {
    let y = x;
    for (let i = 0; i < CHAIN; i++) y = dftH(y, i % 2 === 0 ? "forward" : "inverse");
    return { total: reduceSum(y) };
  });
  const cases: Case[] = [{
    name: `DFT along 368 of 15 x 640 x 368`,
    peer: ["dft", "368"],
    flops: twoStageFlops(PHASE, 16, 23) * COILS * READOUT,
    per: CHAIN,
    run: () => transform.run({ x }),
  }];
  const maps = random([1, COILS, 2, PHASE, READOUT]);
  const image = random([1, 2, PHASE, READOUT]);
  for (const [acceleration, acs] of [[4, 24], [8, 16]]) {
    const mask = makeMask(
      { kind: "equispaced", text: "bench", acceleration, acs },
      PHASE,
      READOUT,
    );
    const normal = await runtime.build({ maps: maps.shape, x: image.shape }, ({ maps, x }) => {
      const operator = mriOperator(maps, mask);
      let y = x;
      for (let i = 0; i < CHAIN; i++) y = mul(operator.normal(y), 0.1);
      return { y };
    });
    const lines = mask.values.reduce((sum, kept) => sum + kept, 0);
    cases.push({
      name: `normal operator R=${acceleration} acs=${acs}, 15 x 640 x 368`,
      peer: ["normal", `368 R=${acceleration} acs=${acs}`],
      flops: 2 * 8 * lines * PHASE * COILS * READOUT,
      per: CHAIN,
      run: () => normal.run({ maps, x: image }),
    });
  }
  return cases;
}
