/**
 * Predicted against measured time of `deno task recon`, for unlike runs: `--dry-run --json`, then at once the
 * run itself as a process of its own. Where the machine has other work, and more or less of it from one minute
 * to the next, these differ for reasons of that work. So the last column compares processor time: that of the
 * run with the prediction times what the plan itself took of a processor in a second.
 *
 *     deno run --allow-all bench/time.ts [--only TEXT]
 */
import { join } from "node:path";
import { type Size, writeSized } from "../tests/cli/memory_support.ts";
import { taskCommand } from "../tests/cli/support.ts";
import { benchOptions, say } from "./options.ts";

const R4 = "--mask equispaced:R=4,acs=24";

interface Case {
  readonly size: Size;
  readonly args: string;
  /** A drawn brain in the place of noise, for which no audit would refuse the error bars. */
  readonly drawn?: boolean;
}

const CASES: readonly Case[] = [
  { size: [1, 4, 96, 96], args: `--method zero-filled ${R4}` },
  { size: [1, 8, 256, 256], args: `--method sense ${R4}` },
  { size: [1, 8, 128, 128], args: `--method pnp-admm ${R4}` },
  { size: [8, 8, 128, 128], args: `--method sense ${R4}` },
  { size: [1, 4, 96, 96], args: `--method diffpir ${R4} --steps 10 --samples 4` },
  { size: [1, 8, 96, 96], args: `--method pnp-admm ${R4} --error-bars`, drawn: true },
  { size: [1, 8, 96, 96], args: `--method pnp-admm ${R4} --added` },
  { size: [2, 4, 96, 96], args: `--method tv ${R4} --audit --dicom` },
  { size: [1, 15, 368, 640], args: `--method wavelet ${R4}` },
  { size: [1, 1, 256, 256], args: `--method rss --mask equispaced:R=2,acs=24` },
  { size: [4, 32, 128, 128], args: `--method sense ${R4}` },
  { size: [2, 6, 160, 144], args: `--method tv ${R4} --update-maps 1` },
  { size: [1, 6, 128, 128], args: `--method pigdm ${R4} --steps 8` },
  { size: [40, 2, 96, 96], args: `--method rss --mask equispaced:R=2,acs=24 --also png16` },
  { size: [1, 8, 192, 160], args: `--method varnet ${R4}` },
  { size: [1, 4, 128, 128], args: `--method dds ${R4} --samples 2 --audit` },
];

const options = benchOptions(import.meta.url, { only: { type: "string", default: "" } });

/** Runs the command; gives its wall and processor seconds, and what it printed. */
async function timed(args: readonly string[]) {
  const start = performance.now();
  const child = taskCommand("recon", [...args, "--json"], { stderr: "inherit" }).spawn();
  let processor = 0;
  const timer = setInterval(() => {
    try {
      const fields = Deno.readTextFileSync(`/proc/${child.pid}/stat`).split(") ")[1].split(" ");
      processor = (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in 1/100 s
    } catch {
      // it has ended
    }
  }, 20);
  const { success, stdout } = await child.output();
  clearInterval(timer);
  if (!success) throw new Error(`Cannot run ${args.join(" ")}`);
  const wall = (performance.now() - start) / 1000;
  return { wall, processor, said: JSON.parse(new TextDecoder().decode(stdout)) };
}

/** A drawn brain of a size, by the command that makes one. */
async function draw(path: string, [, coils, size]: Size): Promise<void> {
  const args = ["--size", `${size}`, "--coils", `${coils}`, "--noise", "0.02", "--quiet"];
  const { success } = await taskCommand("simulate", [...args, "--output", path]).output();
  if (!success) throw new Error("Cannot draw a brain");
}

const folder = await Deno.makeTempDir({ prefix: "larmor-time-" });
const ratios: (readonly [wall: number, processor: number])[] = [];
say(
  "slices x coils x H x W  run  predicted/s  wall/s  ratio  (processor of the plan and of the run/s)",
);
for (const { size, args, drawn } of CASES) {
  const name = `${size.join(" x ").padEnd(20)} ${args.replace(` ${R4}`, "").padEnd(50)}`;
  if (!name.includes(options.only)) continue;
  const path = join(folder, "kspace.h5");
  if (drawn) await draw(path, size);
  else await writeSized(path, size);
  const all = [path, ...args.split(" "), "--device", "cpu", "--quiet"];
  const plan = await timed([...all, "--dry-run"]);
  const run = await timed([...all, "--output", join(folder, "out")]);
  const ratio = plan.said.seconds / run.wall;
  const ofProcessor = plan.said.seconds * plan.processor / plan.wall / run.processor;
  ratios.push([ratio, ofProcessor]);
  const figures = [plan.said.seconds, run.wall].map((value) => value.toFixed(1).padStart(7));
  say(`${name} ${figures.join(" ")} ${ratio.toFixed(2).padStart(6)} ${ofProcessor.toFixed(2)}`);
}
for (const [i, what] of ["wall", "processor"].entries()) {
  const all = ratios.map((both) => both[i]).toSorted((a, b) => a - b);
  const [least, median, most] = [0, Math.floor(all.length / 2), all.length - 1].map((at) =>
    all[at].toFixed(2)
  );
  say(`${what}: median ${median}, from ${least} to ${most}`);
}
await Deno.remove(folder, { recursive: true });
