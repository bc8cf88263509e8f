// TEMPORARY: replaced by src/mri/simulate.ts
import { add, constant, mul, type Program, type Runtime, type Tensor } from "../graph/mod.ts";
import { complexMul } from "../mri/complex.ts";
import { dft2 } from "../mri/dft.ts";
import type { NdArray } from "../ndarray.ts";
import { Rng } from "../rng.ts";

export class Simulator {
  readonly #program: Program<"image" | "noise", "kspace">;
  readonly #shape: number[];
  constructor(program: Program<"image" | "noise", "kspace">, shape: number[]) {
    this.#program = program;
    this.#shape = shape;
  }
  static async compile(runtime: Runtime, { coils, height, width, seed }: { coils: number; height: number; width: number; seed: number }) {
    const data = new Float32Array(coils * 2 * height * width);
    const n = height * width;
    for (let i = 0; i < n; i++) {
      const y = Math.floor(i / width) / height - 0.5, x = i % width / width - 0.5;
      let sum = 0;
      for (let c = 0; c < coils; c++) {
        const a = 2 * Math.PI * c / coils + seed;
        const m = Math.exp(-((x - 0.6 * Math.cos(a)) ** 2 + (y - 0.6 * Math.sin(a)) ** 2) / 0.3);
        data[2 * c * n + i] = m * Math.cos(a + 2 * x);
        data[(2 * c + 1) * n + i] = m * Math.sin(a + 2 * x);
        sum += m * m;
      }
      for (let c = 0; c < 2 * coils; c++) data[c * n + i] /= Math.sqrt(sum);
    }
    const shape = [coils, 2, height, width];
    const maps = constant({ data, shape });
    const program = await runtime.build({ image: [1, 2, height, width], noise: shape }, ({ image, noise }: Record<string, Tensor>) => ({
      kspace: add(dft2(complexMul(maps, image), "forward"), mul(noise, 1)),
    }));
    return new Simulator(program, shape);
  }
  async simulate(image: NdArray, { sigma, rng }: { sigma: number; rng: Rng }): Promise<NdArray> {
    const [c, , h, w] = this.#shape;
    const noise = rng.normals(c * 2 * h * w).map((v) => v * sigma);
    return (await this.#program.run({ image: { data: image.data, shape: [1, 2, h, w] }, noise: { data: noise, shape: this.#shape } })).kspace;
  }
}
