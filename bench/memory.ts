/**
 * Predicted against measured memory of `deno task recon`, for unlike runs: `--dry-run --json`, then the
 * run itself as a process of its own, whose high-water mark is read. Linux only.
 *
 *     deno run --allow-all bench/memory.ts [--only TEXT] [--part fitted|new]
 *
 * The constants of src/recon/plan_memory.ts were fitted to the runs of the part `fitted`; those of the part
 * `new` were looked at only afterwards.
 */
import { join } from "node:path";
import {
  measuredMemory,
  predictedMemory,
  type Size,
  writeSized,
} from "../tests/cli/memory_support.ts";
import { benchOptions, say } from "./options.ts";

interface Case {
  readonly size: Size;
  readonly args: string;
  readonly part: "fitted" | "new";
}

const R4 = "--mask equispaced:R=4,acs=24";

const CASES: readonly Case[] = [
  { part: "fitted", size: [1, 1, 64, 64], args: "--method rss" },
  { part: "fitted", size: [1, 8, 64, 56], args: `--method sense ${R4}` },
  { part: "fitted", size: [1, 16, 256, 256], args: `--method tv ${R4} --audit` },
  { part: "fitted", size: [16, 8, 128, 128], args: `--method sense ${R4}` },
  { part: "fitted", size: [1, 128, 256, 256], args: `--method sense ${R4} --steps 5` },
  { part: "fitted", size: [1, 15, 368, 640], args: `--method wavelet ${R4} --steps 3` },
  { part: "fitted", size: [1, 8, 256, 256], args: `--method pnp-admm ${R4} --steps 3` },
  { part: "fitted", size: [1, 4, 192, 160], args: `--method diffpir ${R4} --steps 3 --samples 4` },
  { part: "fitted", size: [2, 12, 320, 320], args: `--method zero-filled ${R4}` },
  { part: "fitted", size: [1, 8, 128, 128], args: `--method dps ${R4} --steps 3 --samples 2` },
  { part: "fitted", size: [1, 2, 48, 40], args: `--method tv ${R4}` },
  { part: "fitted", size: [1, 1, 256, 256], args: `--method pnp-admm ${R4} --steps 2` },
  { part: "fitted", size: [4, 32, 192, 160], args: `--method sense ${R4}` },
  { part: "fitted", size: [16, 6, 160, 144], args: `--method tv ${R4} --steps 5` },
  { part: "fitted", size: [1, 64, 320, 320], args: `--method tv ${R4} --steps 3` },
  { part: "fitted", size: [1, 24, 384, 384], args: `--method wavelet ${R4} --steps 3` },
  {
    part: "fitted",
    size: [1, 15, 368, 640],
    args: `--method sense ${R4} --steps 4 --audit`,
  },
  { part: "fitted", size: [8, 16, 256, 256], args: `--method rss ${R4}` },
  { part: "new", size: [1, 12, 256, 256], args: `--method diffpir ${R4} --steps 2 --samples 8` },
  { part: "new", size: [1, 32, 128, 128], args: `--method sense ${R4} --compress off --steps 3` },
  { part: "new", size: [1, 8, 320, 320], args: `--method pigdm ${R4} --steps 2` },
  { part: "new", size: [3, 8, 200, 180], args: `--method nlinv ${R4} --steps 2` },
  { part: "new", size: [2, 10, 256, 216], args: `--method varnet ${R4}` },
  { part: "new", size: [1, 16, 512, 512], args: `--method sense ${R4} --steps 3 --map-sets 2` },
  { part: "new", size: [24, 4, 160, 128], args: `--method sense ${R4}` },
  { part: "new", size: [6, 12, 192, 192], args: `--method wavelet ${R4} --steps 3` },
  { part: "new", size: [10, 8, 160, 144], args: `--method tv ${R4} --steps 3 --audit` },
  { part: "new", size: [3, 4, 128, 128], args: `--method dds ${R4} --steps 2 --samples 4` },
  { part: "new", size: [1, 8, 192, 160], args: `--method pnp-admm ${R4} --steps 15 --error-bars` },
  { part: "new", size: [2, 6, 128, 128], args: `--method sense ${R4} --added` },
  { part: "new", size: [1, 4, 640, 512], args: `--method red ${R4} --steps 2 --audit` },
];

const options = benchOptions(import.meta.url, {
  only: { type: "string", default: "" },
  part: { type: "string" },
});

const folder = await Deno.makeTempDir({ prefix: "larmor-memory-" });
say("part    slices x coils x H x W    run    predicted/MB  measured/MB  ratio");
for (const { size, args, part } of CASES) {
  const name = size.join(" x ");
  if (!`${name} ${args}`.includes(options.only) || (options.part ?? part) !== part) continue;
  const path = await writeSized(join(folder, "kspace.h5"), size);
  const all = [path, ...args.split(" "), "--device", "cpu", "--output", join(folder, "out")];
  const [planned, peak] = [await predictedMemory(all), await measuredMemory(all)];
  const figures = [planned / 1e6, peak / 1e6].map((mb) => mb.toFixed(0).padStart(6));
  say(
    `${part.padEnd(6)}  ${name.padEnd(22)} ${args.padEnd(60)} ${figures.join(" ")} ${
      (planned / peak).toFixed(2)
    }`,
  );
}
await Deno.remove(folder, { recursive: true });
