/** The Neumann network: its series in dense algebra, its sizes, and the method without a model. */
import assert from "node:assert/strict";
import { constantOf, matMul, reshape, type Tensor } from "../../src/graph/mod.ts";
import { maskedOperator } from "../../src/mri/physics/operator.ts";
import { ndarray } from "../../src/ndarray.ts";
import { initialParameters } from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { writeModel } from "../../src/train/model_files.ts";
import { randomCoils } from "../../src/train/random_coils.ts";
import { loadNeumann, neumannSeries, neumannSpecs } from "../../src/unrolled/mod.ts";
import { inFolder } from "../io/support.ts";
import { runtime } from "../runtime.ts";
import { apply, inverse, type Matrix, matrixOf, plus, times } from "../samplers/algebra.ts";

const [COILS, HEIGHT, WIDTH] = [2, 6, 5];
const SIZE = 2 * HEIGHT * WIDTH;
const ETA = 0.3, TERMS = 5;

const identity = matrixOf(SIZE, SIZE, (i, j) => i === j ? 1 : 0);
const scaled = (a: Matrix, factor: number) => a.map((row) => row.map((value) => value * factor));

/** A^H A as a dense matrix, its columns by the graph. */
async function denseNormal(maps: Float32Array, acquired: Float32Array): Promise<Matrix> {
  const program = await runtime.build(
    { maps: [SIZE, COILS, 2, HEIGHT, WIDTH], x: [SIZE, 2, HEIGHT, WIDTH] },
    (t) => ({ y: maskedOperator(t.maps, constantOf(acquired, [HEIGHT, 1])).normal(t.x) }),
  );
  const columns = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) columns[i * SIZE + i] = 1;
  const all = new Float32Array(SIZE * maps.length);
  for (let i = 0; i < SIZE; i++) all.set(maps, i * maps.length);
  const { y } = await program.run({
    maps: ndarray(all, [SIZE, COILS, 2, HEIGHT, WIDTH]),
    x: ndarray(columns, [SIZE, 2, HEIGHT, WIDTH]),
  });
  return matrixOf(SIZE, SIZE, (i, j) => y.data[j * SIZE + i]);
}

for (const conjugateGradients of [0, 14]) {
  const form = conjugateGradients > 0 ? "preconditioned " : "";
  Deno.test(`neumannSeries() of a linear regulariser is the ${form}series of dense algebra`, async () => {
    const rng = new Rng(4);
    const maps = randomCoils(rng, COILS, [HEIGHT, WIDTH]).data;
    const acquired = Float32Array.of(1, 0, 1, 1, 0, 1);
    const b = rng.split(1).normals(SIZE);
    const regulariser = rng.split(2).normals(SIZE * SIZE).map((value) => value * 0.05);
    const program = await runtime.build(
      { maps: [1, COILS, 2, HEIGHT, WIDTH], b: [1, 2, HEIGHT, WIDTH] },
      ({ maps, b }) => {
        const data = {
          operator: maskedOperator(maps, constantOf(acquired, [HEIGHT, 1])),
          adjoint: b,
        };
        const matrix = constantOf(regulariser, [SIZE, SIZE]);
        const linear = (x: Tensor) => reshape(matMul(matrix, reshape(x, [SIZE, 1])), x.shape);
        const eta = constantOf(Float32Array.of(ETA), [1, 1, 1, 1]);
        return { x: neumannSeries(data, eta, linear, { terms: TERMS, conjugateGradients }) };
      },
    );
    const { x } = await program.run({
      maps: ndarray(maps, [1, COILS, 2, HEIGHT, WIDTH]),
      b: ndarray(b, [1, 2, HEIGHT, WIDTH]),
    });

    const normal = await denseNormal(maps, acquired);
    const r = matrixOf(SIZE, SIZE, (i, j) => regulariser[i * SIZE + j]);
    const t = inverse(plus(normal, scaled(identity, ETA)));
    const isPlain = conjugateGradients === 0;
    const first = isPlain ? Float64Array.from(b, (v) => ETA * v) : apply(t, b);
    const change = plus(isPlain ? plus(identity, normal, -ETA) : scaled(t, ETA), r, -1);
    let power = identity, sum = identity;
    for (let k = 0; k < TERMS; k++) {
      power = times(power, change);
      sum = plus(sum, power);
    }
    const expected = apply(sum, first);
    const error = Math.hypot(...x.data.map((value, i) => value - expected[i]));
    assert.ok(error < 1e-5 * Math.hypot(...expected), `${error / Math.hypot(...expected)}`);
  });
}

Deno.test("the whole series solves (A^H A + R) x = A^H y", () => {
  // Each form of the series sums to the same image, that of the regularised equation.
  const values = new Rng(6).normals(16);
  const half = matrixOf(4, 4, (i, j) => 0.3 * values[4 * i + j]);
  const normal = times(half.map((_, i) => Float64Array.from(half, (row) => row[i])), half);
  const small = matrixOf(4, 4, (i, j) => i === j ? 1 : 0);
  const r = scaled(small, 0.2);
  const b = Float64Array.of(1, -2, 0.5, 3);
  const expected = apply(inverse(plus(normal, r)), b);
  const t = inverse(plus(normal, scaled(small, ETA)));
  // The plain series has eta R in place of R; the preconditioned one T R.
  const forms: [Matrix, Float64Array][] = [
    [plus(small, plus(normal, r), -ETA), Float64Array.from(b, (v) => ETA * v)],
    [plus(scaled(t, ETA), times(t, r), -1), apply(t, b)],
  ];
  for (const [change, first] of forms) {
    let term = first;
    const sum = Float64Array.from(first);
    for (let k = 0; k < 400; k++) {
      term = apply(change, term);
      term.forEach((value, i) => sum[i] += value);
    }
    assert.ok(Math.hypot(...sum.map((v, i) => v - expected[i])) < 1e-6, `${sum} ${expected}`);
  }
});

Deno.test("a folder of a Neumann network reconstructs", () =>
  inFolder(async (at) => {
    const config = { terms: 2, conjugateGradients: 3, channels: 2, pools: 1 };
    const network = initialParameters(neumannSpecs(config), new Rng(1));
    await writeModel(at("net"), { kind: "neumann", network, content: { architecture: config } });
    assert.deepEqual((await loadNeumann(at("net"))).config, config);
    using file = await simulatedBrain({ size: 40, coils: 4 });
    const options = { mask: "equispaced:R=2,acs=8", device: "cpu", method: "neumann" } as const;
    const { nfe, metrics } = await reconstruct(file, { ...options, model: at("net") });
    assert.equal(nfe, 2);
    // Its regulariser begins at zero: iterated Tikhonov regularisation.
    assert.ok(metrics!.head.psnr! > 20, `${metrics!.head.psnr}`);
  }));
