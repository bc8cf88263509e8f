/** Phase retrieval by hybrid input-output. */
import assert from "node:assert/strict";
import { hybridInputOutput } from "../../src/classical/hio.ts";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { phaseRetrieval } from "../../src/samplers/phase_retrieval.ts";
import { runtime } from "../runtime.ts";

const SIZE = [10, 12] as const;

/** A positive picture without symmetry. */
function picture(): Float32Array {
  const [height, width] = SIZE, size = height * width, rng = new Rng(4);
  return Float32Array.from({ length: 2 * size }, (_, i) => {
    const row = Math.floor(i / width), column = i % width;
    if (i >= size || (row - 4) ** 2 + (column - 5) ** 2 > 16) return 0;
    return 0.3 + rng.uniform();
  });
}

const rms = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (v, i) => (v - b[i]) ** 2).reduce((s, v) => s + v) / a.length);

/** The picture in the frame, moved and turned by half: what magnitudes cannot tell apart. */
function* lookAlikes(x: Float32Array): Generator<Float32Array> {
  const [height, width] = SIZE, size = height * width;
  for (const turn of [false, true]) {
    for (let down = -height; down <= height; down++) {
      for (let right = -width; right <= width; right++) {
        const out = new Float32Array(2 * size);
        for (let i = 0; i < size; i++) {
          const at = turn ? size - 1 - i : i;
          const row = Math.floor(at / width) + down, column = at % width + right;
          const within = row >= 0 && row < height && column >= 0 && column < width;
          if (within) out[row * width + column] = x[i];
        }
        yield out;
      }
    }
  }
}

Deno.test("hybrid input-output finds a positive picture, but for its place and a half turn", async () => {
  const x = picture();
  const measurement = phaseRetrieval(SIZE);
  const program = await runtime.build(
    { x: [1, 2, ...SIZE] },
    ({ x }) => ({ y: measurement.operator({}, 1).forward(x) }),
  );
  const { y } = await program.run({ x: ndarray(x, [1, 2, ...SIZE]) });
  const problem = { image: SIZE, positive: true, trials: 3 };
  const found = await hybridInputOutput(runtime, y, problem, new Rng(1));
  const nearest = Math.min(...[...lookAlikes(x)].map((other) => rms(found.data, other)));
  const zero = rms(x, new Float32Array(x.length));
  assert.ok(nearest < 0.05 * zero, `${nearest / zero} of the picture is wrong`);
});
