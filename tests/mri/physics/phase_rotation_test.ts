import { mul } from "../../../src/graph/mod.ts";
import { phaseRotatedDenoiser, rotatePhase } from "../../../src/mri/physics/phase_rotation.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { assertClose } from "../../classical/support.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

Deno.test("rotatePhase() multiplies by e^(i angle); a turned denoiser sees the turned image", async () => {
  const [height, width] = [3, 5], pixels = height * width;
  const data = new Rng(1).normals(2 * 2 * pixels), angle = 0.7;
  const halves = ndarray(Float32Array.of(1, 0), [1, 2, 1, 1]);
  const program = await runtime.build(
    { x: [2, 2, height, width], angle: [1, 1, 1, 1], halves: [1, 2, 1, 1] },
    ({ x, angle, halves }) => ({
      turned: rotatePhase(x, angle),
      // A denoiser that keeps the real part alone.
      real: phaseRotatedDenoiser((image) => mul(image, halves), angle)(x, angle),
    }),
  );
  const { turned, real } = await program.run({
    x: ndarray(data, [2, 2, height, width]),
    angle: ndarray(Float32Array.of(angle), [1, 1, 1, 1]),
    halves,
  });
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const expected = new Float32Array(data.length), kept = new Float32Array(data.length);
  for (let image = 0; image < 2; image++) {
    for (let i = 0; i < pixels; i++) {
      const at = 2 * image * pixels + i;
      const [re, im] = [data[at], data[at + pixels]];
      expected[at] = c * re - s * im;
      expected[at + pixels] = s * re + c * im;
      kept[at] = c * expected[at];
      kept[at + pixels] = -s * expected[at];
    }
  }
  assertClose(turned.data, expected, 1e-6);
  assertClose(real.data, kept, 1e-6);
});
