/**
 * Times of the networks beside PyTorch's with the same weights and inputs, in one run:
 *
 *     deno run --allow-all bench/networks.ts [--repeats N] [--python PYTHON] [--small]
 *
 * Denoiser (that of models/prior-brain, 256 x 256), the same with its vector-Jacobian product, one
 * training step of it (8 images of 96 x 96), and a VarNet of fastMRI's size (12 cascades of 18
 * channels) on 15 coils of 640 x 368. PYTHON needs torch, and fastmri 0.3.0 for the VarNet (see
 * networks.py). `of MatMul` is the part of the rate of onnxruntime's own MatMul. Each side runs alone, with 2 threads. `--small` checks the script on small sizes.
 */
import { denoisingObjective } from "../src/train/denoising_objective.ts";
import { compileTrainer, initialState } from "../src/train/trainer.ts";
import { benchOptions, say } from "./options.ts";
import { input, Runtime, type Tensor, vjp } from "../src/graph/mod.ts";
import { topological } from "../src/graph/tensor.ts";
import { makeMask } from "../src/mri/sampling/masks.ts";
import { type NdArray, ndarray, sizeOf } from "../src/ndarray.ts";
import {
  constantScope,
  DENOISER_NETWORK,
  encodeSafetensors,
  flatten,
  initialParameters,
  type Parameters,
} from "../src/nn/mod.ts";
import { Rng } from "../src/rng.ts";
import { constantVarNetMask, transposedKernel, varnet, varnetSpecs } from "../src/unrolled/mod.ts";
import { matMulRate } from "./rate.ts";
import { median } from "./table.ts";
import { denoiserSpecs, scopedDenoiser } from "../src/nn/residual_unet.ts";

const options = benchOptions(import.meta.url, {
  repeats: { type: "string", default: "5" },
  python: { type: "string", default: "/usr/bin/python3" },
  small: { type: "boolean", default: false },
});
const repeats = Number(options.repeats);
const SIZES = options.small
  ? { image: 64, batch: 2, crop: 32, coils: 3, height: 48, width: 40, cascades: 2 }
  : { image: 256, batch: 8, crop: 96, coils: 15, height: 640, width: 368, cascades: 12 };
const SIGMA_DATA = 0.35;
const VARNET = {
  cascades: SIZES.cascades,
  channels: 18,
  pools: 4,
  sensitivityChannels: 8,
  sensitivityPools: 4,
};

interface Timing {
  readonly seconds: number;
  /** Floating-point operations of convolutions and matrix products. */
  readonly flops: number;
}

const random = (seed: number, shape: readonly number[]) =>
  ndarray(new Rng(seed).normals(sizeOf(shape)), shape);

/** Parameters without the zeros that a network begins with. */
function someParameters(specs: ReturnType<typeof denoiserSpecs>): Parameters {
  return Object.fromEntries(
    Object.entries(initialParameters(specs, new Rng(1))).map(([name, array], i) => {
      if (array.data.some((value) => value !== 0)) return [name, array];
      const noise = new Rng(2, i).normals(array.data.length).map((value) => 0.02 * value);
      return [name, ndarray(noise, array.shape)];
    }),
  );
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

/** Arithmetic of the convolutions and matrix products of a graph. */
function flopsOf(outputs: readonly Tensor[]): number {
  return topological(outputs).reduce((sum, node) => {
    const [first, second] = node.inputs;
    if (node.op === "Conv") return sum + 2 * sizeOf(node.shape) * sizeOf(second.shape.slice(1));
    if (node.op === "ConvTranspose") {
      return sum + 2 * sizeOf(first.shape) * sizeOf(second.shape.slice(1));
    }
    if (node.op === "MatMul") return sum + 2 * sizeOf(node.shape) * first.shape.at(-1)!;
    return sum;
  }, 0);
}

const weightTensors = (parameters: Parameters) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, array]) => [`weights.${name}`, array]),
  );

async function save(path: string, tensors: Readonly<Record<string, NdArray>>): Promise<void> {
  await Deno.writeFile(path, encodeSafetensors({ tensors, metadata: {} }));
}

async function denoiserCases(runtime: Runtime, folder: string): Promise<Record<string, Timing>> {
  const parameters = someParameters(denoiserSpecs(DENOISER_NETWORK));
  const shape = [1, 2, SIZES.image, SIZES.image];
  const arrays = {
    x: random(3, shape),
    sigma: ndarray(Float32Array.of(0.4), [1, 1, 1, 1]),
    cotangent: random(4, shape),
  };
  const denoise = scopedDenoiser(constantScope(parameters), DENOISER_NETWORK, SIGMA_DATA);
  const [x, sigma, cotangent] = [
    input("x", shape),
    input("sigma", [1, 1, 1, 1]),
    input("cotangent", shape),
  ];
  const denoised = denoise(x, sigma);
  const [gradient] = vjp([denoised], [x], [cotangent]);
  const forward = await runtime.compile({ x, sigma }, { denoised });
  const both = await runtime.compile({ x, sigma, cotangent }, { denoised, vjp: gradient });
  await save(`${folder}/denoiser.safetensors`, {
    ...weightTensors(parameters),
    ...arrays,
    ...await both.run(arrays),
  });
  return {
    denoiser: { seconds: await timed(() => forward.run(arrays)), flops: flopsOf([denoised]) },
    "denoiser + VJP": {
      seconds: await timed(() => both.run(arrays)),
      flops: flopsOf([denoised, gradient]),
    },
  };
}

async function trainingCase(runtime: Runtime, folder: string): Promise<Record<string, Timing>> {
  const specs = denoiserSpecs(DENOISER_NETWORK);
  const parameters = someParameters(specs);
  const shape = [SIZES.batch, 2, SIZES.crop, SIZES.crop];
  const arrays = {
    clean: random(5, shape),
    noise: random(6, shape),
    sigma: ndarray(new Float32Array(SIZES.batch).fill(0.3), [SIZES.batch, 1, 1, 1]),
  };
  const objective = denoisingObjective(DENOISER_NETWORK, SIGMA_DATA, shape);
  const trainer = await compileTrainer(runtime, objective);
  let state = initialState(flatten(specs, parameters));
  const first = await trainer.step(state, arrays, 1e-3);
  const loss = ndarray(Float32Array.of(first.report.loss), [1]);
  await save(`${folder}/training.safetensors`, { ...weightTensors(parameters), ...arrays, loss });
  const seconds = await timed(async () => {
    ({ state } = await trainer.step(state, arrays, 1e-3));
  });
  const scope = constantScope(parameters);
  const inputs = Object.fromEntries(
    Object.entries(objective.inputs).map(([name, shape]) => [name, input(name, shape)]),
  ) as Record<"clean" | "noise" | "sigma", Tensor>;
  // Forward, gradient of what flows, gradient of the kernels: each about as much.
  return { "training step": { seconds, flops: 3 * flopsOf([objective.loss(scope, inputs)]) } };
}

async function varnetCase(runtime: Runtime, folder: string): Promise<Record<string, Timing>> {
  const { coils, height, width } = SIZES;
  const parameters = initialParameters(varnetSpecs(VARNET), new Rng(7));
  const spec = { kind: "equispaced", text: "R=4", acceleration: 4, acs: 26 } as const;
  const mask = makeMask(spec, height, width);
  const shape = [1, coils, 2, height, width];
  const kept = Float32Array.from(mask.values);
  const kspace = random(8, shape);
  kspace.data.forEach((value, i) => {
    kspace.data[i] = value * kept[Math.floor(i / width) % height];
  });
  const x = input("kspace", shape);
  const { magnitude } = varnet(constantScope(parameters), x, constantVarNetMask(mask), VARNET);
  const program = await runtime.compile({ kspace: x }, { magnitude });
  const { magnitude: result } = await program.run({ kspace });
  const theirs = Object.fromEntries(
    Object.entries(parameters).map(([name, array]) => [name, transposedKernel(array)]),
  );
  await save(`${folder}/varnet.safetensors`, {
    ...weightTensors(theirs),
    kspace: ndarray(kspace.data, shape.slice(1)),
    mask: ndarray(kept, [height]),
    result: ndarray(result.data, [height, width]),
  });
  const seconds = await timed(() => program.run({ kspace }));
  return { VarNet: { seconds, flops: flopsOf([magnitude]) } };
}

interface Peer {
  readonly torch?: string;
  readonly gflops?: number;
  readonly [name: string]: unknown;
}

async function peerOf(folder: string): Promise<Peer> {
  const script = new URL("./networks.py", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(options.python, {
    args: [script, folder, "--repeats", options.repeats],
  }).output();
  const text = new TextDecoder();
  const complaint = text.decode(stderr).trim();
  if (complaint !== "") say(complaint.split("\n").at(-1)!);
  return code === 0 ? JSON.parse(text.decode(stdout)) : {};
}

function report(ours: Readonly<Record<string, Timing>>, rate: number, peer: Peer): void {
  say(
    `MatMul: onnxruntime ${rate.toFixed(0)}, torch ${peer.torch ?? "absent"} ` +
      `${peer.gflops?.toFixed(0) ?? "?"} GFLOP/s; times in ms, medians of ${repeats}`,
  );
  say(row(["", "ours", "torch", "ours/torch", "GFLOP/s", "of MatMul", "difference"]));
  for (const [name, { seconds, flops }] of Object.entries(ours)) {
    const other = peer[name] as { seconds: number; difference: number } | undefined;
    const achieved = flops / seconds / 1e9;
    say(row([
      name,
      (1000 * seconds).toFixed(1),
      other === undefined ? "" : (1000 * other.seconds).toFixed(1),
      other === undefined ? "" : (seconds / other.seconds).toFixed(2),
      achieved.toFixed(0),
      `${(100 * achieved / rate).toFixed(0)} %`,
      other === undefined ? "" : other.difference.toExponential(1),
    ]));
  }
  const ratio = ours["denoiser + VJP"].seconds / ours.denoiser.seconds;
  say(`VJP and forward pass together over the forward pass: ${ratio.toFixed(2)}`);
  const images = SIZES.batch / ours["training step"].seconds;
  say(`training: ${images.toFixed(1)} images of ${SIZES.crop} x ${SIZES.crop} a second`);
}

function row([name, ...cells]: readonly string[]): string {
  return name.padEnd(18) + cells.map((cell) => cell.padStart(12)).join("");
}

const folder = await Deno.makeTempDir();
try {
  const ours: Record<string, Timing> = {};
  let rate = 0;
  for (const cases of [denoiserCases, trainingCase, varnetCase]) {
    await using runtime = await Runtime.open("cpu"); // its arenas go with it
    rate = Math.max(rate, await matMulRate(runtime, timed));
    Object.assign(ours, await cases(runtime, folder));
  }
  const config = { network: DENOISER_NETWORK, sigmaData: SIGMA_DATA, varnet: VARNET };
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
  report(ours, rate, await peerOf(folder));
} finally {
  await Deno.remove(folder, { recursive: true });
}
