/** The commands of README and docs run as they are written, in a folder with files of small size. */
import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeModel, input, mul, reshape } from "../../src/graph/mod.ts";
import { decodeSafetensors, edmDenoiser, encodeSafetensors } from "../../src/nn/mod.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { writeNpy } from "../../src/io/numpy/npy.ts";
import { brainPhantom } from "../../src/mri/phantom/phantom.ts";
import { ndarray } from "../../src/ndarray.ts";
import { type Documented, documentedCommands } from "../docs/documented.ts";
import { runtime } from "../runtime.ts";
import { needsCommand, ROOT, testWith } from "../tools.ts";

/** Of k-space, and of volumes, which masks of the examples must fit. */
const SIZE = 48, HEAD = 96;
const LARMOR = ["run", "--no-prompt", "--no-check", "--allow-all", join(ROOT, "src/cli/larmor.ts")];

/** Why a command is not run here; its options are read by `tests/docs/commands_test.ts`. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^(train|tune) /, "takes hours"],
  [/^serve/, "does not end; tests/serve runs it"],
  [/shared\/data|--hours/, "takes real data"],
  [/^cohort/, "takes many files; tests/integration/cohort_slurm_test.ts runs them"],
  [/^sample|^stress(?!.*volume)/, "takes minutes"],
  [/^restore (head|photo)|^restore.*--size 128/, "takes a picture of the user, or minutes"],
  [/^check-model prior-brain/, "takes minutes"],
  [/^adapt|my-scanner/, "takes minutes and an undersampled scan; tests/train/adapt_test.ts"],
  [
    /swinir-denoiser/,
    "takes the authors' weights; tests/unrolled/swinir_test.ts has some of the kind",
  ],
  [/^devices/, "takes a minute; tests/cli/commands/devices_test.ts runs it"],
  [/--group other|\.dat$|meas/, "takes a raw file of a scanner"],
  [/FILE|DIR/, "shows a use"],
  [/^stress.*R=8/, "takes a head of more pixels"],
  [/peer-command/, "takes the user's program; tests/cli/commands/compare_outside_test.ts has one"],
];
/** All methods: a few stand for them, as a plan times each. */
const ALL_METHODS = /^compare(?!.*--methods)/;
const FEW_METHODS = ["--methods", "zero-filled,sense,pnp-admm"];
/** Many methods or masks: what would be done is printed. */
const LONG =
  /^compare(?!.*--methods)|^compare.*(--sweep|dds)|^recon$|--samples 8|^recon -- .*pigdm/;

/** Files that stand for those of a user. */
async function writeStandIns(at: (name: string) => string): Promise<void> {
  const simulate = (file: string, ...more: string[]) =>
    larmor(["simulate", "--size", `${SIZE}`, "--coils", "4", "--output", file, ...more], at("."));
  for (const file of ["scan.h5", "raw.mrd.h5", "in.mrd", "kspace.npy"]) await simulate(file);
  await cp(at("raw.mrd.h5"), at("raw.h5"));
  const brain = await brainPhantom(runtime, { height: HEAD, width: HEAD });
  const volume = Float32Array.from([...brain.data, ...brain.data]);
  await writeNifti(at("volume.nii.gz"), { image: ndarray(volume, [2, HEAD, HEAD]) });
  const one = ndarray(brain.data.slice(0, SIZE * SIZE), [1, SIZE, SIZE]);
  await writeNpy(at("recon.npy"), one);
  await writeNifti(at("recon.nii.gz"), { image: one });
  const lines = Float32Array.from(
    { length: SIZE },
    (_, i) => Number(i % 2 === 0 || Math.abs(i - 24) < 8),
  );
  await writeNpy(at("mask.npy"), ndarray(lines, [SIZE]));
  for (const name of ["models/mine", "models/prior-brain"]) {
    await cp(join(ROOT, "models/prior-brain"), at(name), { recursive: true });
  }
  const shape = [1, 2, 256, 256];
  const [x, sigma] = [input("x", shape), input("sigma", [1])];
  const denoised = edmDenoiser((image) => mul(image, 0.1), 0.5)(x, reshape(sigma, [1, 1, 1, 1]));
  await writeFile(at("denoiser.onnx"), encodeModel({ x, sigma }, { denoised }));
  await cp(join(ROOT, "models/prior-brain/model.onnx"), at("my-denoiser.onnx"));
  const yaml = await Deno.readTextFile(join(ROOT, "models/prior-brain/model.yaml"));
  await writeFile(at("model.yaml"), yaml.replace("file: model.onnx", "file: my-denoiser.onnx"));
  const fixture = join(ROOT, "tests/unrolled/fixtures/varnet_c3_mixed.safetensors");
  const { tensors } = decodeSafetensors(await Deno.readFile(fixture), fixture);
  const ours = Object.entries(tensors).flatMap(([name, tensor]) =>
    name.startsWith("weights.") ? [[name.slice(8), tensor] as const] : []
  );
  const weights = encodeSafetensors({ tensors: Object.fromEntries(ours), metadata: {} });
  for (const name of ["state", "brain", "varnet"]) {
    await writeFile(at(`${name}.safetensors`), weights);
  }
  await writeFile(at("tags.yaml"), "PatientID: P1\n");
  await mkdir(at("tune"));
  const draw = { method: "pigdm", mean: 30, settings: { steps: 4 } };
  await writeFile(at("tune/pigdm.jsonl"), `${JSON.stringify(draw)}\n`);
}

async function larmor(args: readonly string[], cwd: string, stdin?: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...LARMOR, ...args],
    ...{ cwd, stdin: stdin ? "piped" as const : "null" as const, stdout: "piped", stderr: "piped" },
  }).spawn();
  if (stdin) await Deno.open(stdin).then((file) => file.readable.pipeTo(child.stdin));
  const { code, stderr } = await child.output();
  return code === 0 ? "" : new TextDecoder().decode(stderr);
}

const textOf = ({ command, args }: Documented) => [command, ...args].join(" ");

testWith(
  needsCommand("bart"),
  "the commands of README and docs run as they are written",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "larmor-docs-" });
    const failures: string[] = [];
    try {
      await writeStandIns((name) => join(folder, name));
      for (const documented of documentedCommands()) {
        const text = textOf(documented);
        if (NOT_RUN.some(([pattern]) => pattern.test(text))) continue;
        const args = [documented.command, ...documented.args].map((word) =>
          word === "40"
            ? "1"
            : word === "mine"
            ? "models/mine"
            : word.replaceAll("dds@mine", "dds@models/mine")
        );
        if (ALL_METHODS.test(text)) args.push(...FEW_METHODS);
        if (LONG.test(text) && !args.includes("--dry-run")) args.push("--dry-run");
        const stdin = documented.line.includes("< in.mrd") ? join(folder, "in.mrd") : undefined;
        const complaint = await larmor(args, folder, stdin);
        if (complaint !== "") failures.push(`${documented.page}: ${documented.line}\n${complaint}`);
        await Deno.remove(join(folder, "recon"), { recursive: true }).catch(() => {});
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assert.equal(failures.join("\n"), "");
  },
);
