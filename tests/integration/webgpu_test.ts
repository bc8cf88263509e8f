/** The whole `recon` path on WebGPU, in software: SwiftShader, from Debian's chromium package. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Runtime } from "../../src/graph/mod.ts";
import { WITHOUT_WEBGPU } from "../../src/graph/ops/webgpu.ts";
import { readMapsFile } from "../../src/io/mod.ts";
import { readNpy, writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { scene } from "../mri/calibration/calibration_support.ts";
import { relativeError, turned } from "../mri/support.ts";
import { exists, ROOT, run, testWith } from "../tools.ts";

const CHROMIUM = "/usr/lib/chromium";
const ICD = join(CHROMIUM, "vk_swiftshader_icd.json");

/** Chromium brings the Vulkan loader as well as the driver. */
const SWIFTSHADER = {
  LD_LIBRARY_PATH: CHROMIUM,
  VK_DRIVER_FILES: ICD,
  VK_ICD_FILENAMES: ICD,
  XDG_RUNTIME_DIR: "/tmp",
};

/**
 * A classical method and samplers: one that needs the denoiser, one that needs its derivative, which
 * float32 gives with fewer digits; its weight for two steps, which is four times that for fifty.
 */
const METHODS = [
  { method: "sense", options: ["--steps", "6"], bound: 1e-4 },
  { method: "diffpir", options: ["--steps", "2", "--samples", "1"], bound: 1e-4 },
  { method: "dps", options: ["--steps", "2", "--samples", "1", "--weight", "4"], bound: 3e-3 },
];

/** ESPIRiT's inverse in float32 amplifies the rounding of a device: 2e-3 to 3e-3 were measured. */
const MAPS_BOUND = 1e-2;

async function reconstruct(
  device: string,
  { method, options }: Omit<typeof METHODS[number], "bound">,
  kspace: string,
  output: string,
): Promise<Float32Array> {
  const json = await run(Deno.execPath(), [
    "task",
    "--quiet",
    "recon",
    kspace,
    ...["--device", device, "--mask", "equispaced:R=2,acs=12", "--method", method, ...options],
    ...["--output", output, "--also", "npy", "--json"],
  ], { cwd: ROOT, env: { ...Deno.env.toObject(), ...SWIFTSHADER } });
  assert.equal(JSON.parse(json).device, device);
  return readNpy(join(output, "recon.npy")).data as Float32Array;
}

testWith(
  exists(ICD) ? undefined : "chromium's SwiftShader",
  "recon on --device webgpu agrees with the CPU, samplers too",
  async () => {
    const folder = await Deno.makeTempDir();
    await using runtime = await Runtime.open("cpu");
    const [coils, height, width] = [2, 24, 20];
    const { kspace } = await scene(runtime, { coils, height, width, sigma: 0.01 });
    const path = join(folder, "k.npy");
    const file = turned({ data: kspace.data, shape: [2 * coils, height, width] });
    await writeNpyComplex(path, { data: file.data, shape: [coils, 2, width, height] });
    const reconstructOn = (device: string, task: Omit<typeof METHODS[number], "bound">) =>
      reconstruct(device, task, path, join(folder, `${task.method}-${device}`));
    for (const device of ["cpu", "webgpu"]) {
      await reconstructOn(device, { method: "tv", options: ["--steps", "1", "--save-maps"] });
    }
    const mapsFile = (device: string) => join(folder, `tv-${device}`, "maps.cfl");
    const mapsError = relativeError(
      readMapsFile(mapsFile("webgpu")).data,
      readMapsFile(mapsFile("cpu")).data,
    );
    assert.ok(mapsError < MAPS_BOUND, `maps: ${mapsError}`);

    for (const { method, options, bound } of METHODS) {
      const task = { method, options: [...options, "--maps", mapsFile("cpu")] };
      const error = relativeError(
        await reconstructOn("webgpu", task),
        await reconstructOn("cpu", task),
      );
      assert.ok(error < bound, `${method}: ${error}`);
    }
    await Deno.remove(folder, { recursive: true });
  },
);

/** Two steps of x -> a x + 1 with `a` bound and `x` kept on the device: prints x and its sum. */
const KEPT_STEPS = `
import { add, mul, reduceSum, Runtime } from "./src/graph/mod.ts";
await using runtime = await Runtime.open("webgpu");
const program = await runtime.build({ x: [2], a: [2] }, ({ x, a }) => {
  const next = add(mul(a, x), 1);
  return { next, sum: reduceSum(next) };
}, { keep: ["next"] });
using bound = await program.bind({ a: { data: Float32Array.of(2, 3), shape: [2] } });
using first = (await bound.run({ x: { data: Float32Array.of(1, 2), shape: [2] } })).next;
const { next, sum } = await bound.run({ x: first });
console.log([...(await next.read()).data, ...sum.data].join());
`;

testWith(
  exists(ICD) ? undefined : "chromium's SwiftShader",
  "a WebGPU program keeps an output on the device and takes it again",
  async () => {
    const env = { ...Deno.env.toObject(), ...SWIFTSHADER };
    const script = await Deno.makeTempFile({ dir: ROOT, suffix: ".ts" });
    try {
      await Deno.writeTextFile(script, KEPT_STEPS);
      const out = await run(Deno.execPath(), ["run", "-A", "--no-check", script], {
        cwd: ROOT,
        env,
      });
      assert.equal(out.trim(), "7,22,29");
    } finally {
      await Deno.remove(script);
    }
  },
);

testWith(
  exists(ICD) ? undefined : "chromium's SwiftShader",
  "WebGPU has a kernel for every operator but those that are listed",
  async () => {
    const env = { ...Deno.env.toObject(), ...SWIFTSHADER };
    const script = "tests/integration/webgpu_operators.ts";
    const out = await run(Deno.execPath(), ["run", "-A", "--no-check", script], { cwd: ROOT, env });
    assert.deepEqual(
      JSON.parse(out.trim().split("\n").at(-1)!).toSorted(),
      WITHOUT_WEBGPU.toSorted(),
    );
  },
);
