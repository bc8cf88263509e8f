/** Coil maps and priors, from outside. */
import assert from "node:assert/strict";
import { ndarray, simulatedBrain } from "@larmor/larmor";
import { reduceSum, reshape, Runtime, sqrt } from "@larmor/larmor/graph";
import { calibratedMaps, dft2, squaredMagnitude } from "@larmor/larmor/mri";
import { loadDenoiser, modelPath, openPrior } from "@larmor/larmor/nn";

const SIZE = 48, COILS = 4, LINES = 16;

Deno.test("coil maps are calibrated from the centre of an array of k-space", async () => {
  await using runtime = await Runtime.open("cpu");
  using kspace = await simulatedBrain({ size: SIZE, coils: COILS, noise: 0.01 });
  const { data, shape } = await kspace.readSlice(0);
  const start = SIZE / 2 - LINES / 2;
  const centre = new Float32Array(COILS * 2 * LINES * LINES);
  for (let row = 0; row < COILS * 2 * LINES; row++) {
    const from = (Math.floor(row / LINES) * SIZE + start + row % LINES) * SIZE + start;
    centre.set(data.subarray(from, from + LINES), row * LINES);
  }
  const images = await runtime.build({ kspace: shape }, ({ kspace }) => {
    const energy = reduceSum(squaredMagnitude(dft2(kspace, "inverse")), [0]);
    return { rss: reshape(sqrt(energy), [SIZE, SIZE]) };
  });
  const { rss } = await images.run({ kspace: ndarray(data, shape) });
  const calibration = ndarray(centre, [COILS, 2, LINES, LINES]);
  const maps = await calibratedMaps(runtime, "espirit", calibration, rss, 0.01);
  assert.deepEqual(maps.shape, [COILS, 2, SIZE, SIZE]);
  const middle = (SIZE / 2) * SIZE + SIZE / 2;
  let energy = 0;
  for (let part = 0; part < 2 * COILS; part++) {
    energy += maps.data[part * SIZE * SIZE + middle] ** 2;
  }
  assert.ok(Math.abs(energy - 1) < 0.02, `sum of squares ${energy} within the head`);
});

Deno.test("a prior is the same by name and by its folder", async () => {
  await using runtime = await Runtime.open("cpu");
  const shapes = { x: [1, 2, 16, 16], sigma: [1, 1, 1, 1] };
  const named = await openPrior("prior-brain");
  const loaded = await loadDenoiser(await modelPath("prior-brain"));
  assert.equal(named.model?.name, "prior-brain");
  assert.equal(named.sigmaData, loaded.description.sigmaData);
  const program = await runtime.build(shapes, ({ x, sigma }) => ({
    named: named.denoise(x, sigma),
    loaded: loaded.denoise(x, sigma),
  }));
  const x = ndarray(Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)), shapes.x);
  const sigma = ndarray(Float32Array.of(0.3), shapes.sigma);
  const found = await program.run({ x, sigma });
  assert.deepEqual(found.named.data, found.loaded.data);
});
