/** An object that is larger than the field of view, for the benchmarks. */
import type { Runtime } from "../src/graph/mod.ts";
import { dft2 } from "../src/mri/physics/dft.ts";
import { type NdArray, zeros } from "../src/ndarray.ts";

/** K-space of coil images that are folded onto `height` rows. */
export async function foldedKspace(
  runtime: Runtime,
  kspace: NdArray,
  height: number,
): Promise<NdArray> {
  const [coils, , whole, width] = kspace.shape;
  const program = await runtime.build({ kspace: kspace.shape }, ({ kspace }) => ({
    images: dft2(kspace, "inverse"),
  }));
  const { images } = await program.run({ kspace });
  const folded = zeros([coils, 2, height, width]);
  const shift = Math.floor(height / 2) - Math.floor(whole / 2);
  for (let plane = 0; plane < 2 * coils; plane++) {
    for (let y = 0; y < whole; y++) {
      const to = (((y + shift) % height) + height) % height;
      for (let x = 0; x < width; x++) {
        folded.data[(plane * height + to) * width + x] +=
          images.data[(plane * whole + y) * width + x];
      }
    }
  }
  const back = await runtime.build({ folded: folded.shape }, ({ folded }) => ({
    kspace: dft2(folded, "forward"),
  }));
  return (await back.run({ folded })).kspace;
}
