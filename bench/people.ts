/**
 * Methods on many slices of many people, none of whom a network was trained on: mean PSNR over the head
 * and paired differences. Writes the table of docs/comparison.md.
 *
 *     deno run --allow-all bench/people.ts [--methods sense,wavelet,...] [--data FOLDER] [--each 3]
 *                                         [--output bench/results/people] [--known]
 *
 * The middle slices of each volume are compared (`deno task compare`) with k-space simulated from them: 8
 * coils, noise of 0.015 of bright tissue. A volume whose comparison is there is not run again; `--known`
 * runs nothing and writes what is there.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { benchOptions, say } from "./options.ts";
import { openImage } from "../src/io/mod.ts";
import type { Comparison, ComparisonRun } from "../src/report/comparison.ts";
import { bootstrapDraws, bootstrapInterval, mean } from "../src/report/compare/statistics.ts";

const options = benchOptions(import.meta.url, {
  methods: { type: "string", default: "sense,wavelet,unet,varnet,modl,pnp-admm" },
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  each: { type: "string", default: "3" },
  output: { type: "string", default: "bench/results/people" },
  known: { type: "boolean", default: false },
});
const MASKS = { "R=4": "equispaced:R=4,acs=24", "R=8": "equispaced:R=8,acs=16" };
const SIMULATION = "coils=8,noise=0.015";
const PAGE = new URL("../docs/comparison.md", import.meta.url);
/** What all methods are compared with. */
const OPPONENT = "wavelet";

/** Compares the methods on the middle slices of a volume under each mask. */
async function measure(name: string, seed: number): Promise<void> {
  const path = join(options.data, name);
  using volume = await openImage(path);
  const each = Math.min(Number(options.each), volume.slices);
  const first = (volume.slices - each) >> 1;
  for (const [title, mask] of Object.entries(MASKS)) {
    const output = folderOf(name, title);
    if (existsSync(output)) continue;
    const args = [path, "--slices", `${first}:${first + each}`, "--methods", options.methods];
    args.push("--simulate", `${SIMULATION},seed=${seed}`, "--mask", mask, "--output", output);
    const { code } = new Deno.Command(Deno.execPath(), {
      args: ["task", "compare", ...args],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    if (code !== 0) throw new Error(`deno task compare ${args.join(" ")}: exit code ${code}`);
    say(`${name} ${title}`);
  }
}

/** Where the comparison of a volume is. */
function folderOf(name: string, title: string): string {
  return join(options.output, `${name.split(".")[0]}_${title.replace("=", "")}`);
}

/** Runs of all volumes under a mask, with the volume's name. */
function runsOf(title: string): (ComparisonRun & { readonly name: string })[] {
  return volumes.map((name) => ({ name, folder: folderOf(name, title) }))
    .filter(({ folder }) => existsSync(folder)).flatMap(({ name, folder }) => {
      const { runs }: Comparison = JSON.parse(Deno.readTextFileSync(join(folder, "compare.json")));
      return runs.filter(({ head }) => head !== null).map((run) => ({ ...run, name }));
    });
}

/** PSNR over the head by method and volume. */
function byMethod(runs: ReturnType<typeof runsOf>): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const { method, name, head } of runs) {
    found.set(method, (found.get(method) ?? new Map()).set(name, head!.psnr!));
  }
  return found;
}

/** A method's mean, and its difference from the opponent with a 95 % interval over the volumes. */
function cells(scores: ReadonlyMap<string, Map<string, number>>, method: string): string[] {
  const own = scores.get(method), other = scores.get(OPPONENT)!;
  if (own === undefined) return ["–", "–", "–"];
  const differences = [...own].map(([name, psnr]) => psnr - other.get(name)!);
  const [low, high] = bootstrapInterval(differences, bootstrapDraws(differences.length))!;
  const average = mean([...own.values()]).toFixed(2);
  if (method === OPPONENT) return [average, "", ""];
  const ahead = differences.filter((difference) => difference > 0).length;
  return [
    average,
    `${mean(differences).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    `${ahead} of ${differences.length}`,
  ];
}

function table(): string {
  const scores = Object.keys(MASKS).map((name) => byMethod(runsOf(name)));
  const names = [...new Set(scores.flatMap((one) => [...one.keys()]))];
  const title = Object.keys(MASKS).flatMap((name) => [name, `minus \`${OPPONENT}\``, "ahead on"]);
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  return [
    line(["method", ...title]),
    line(["---", ...title.map(() => "---:")]),
    ...names.map((method) => line([method, ...scores.flatMap((one) => cells(one, method))])),
  ].join("\n");
}

const volumes = [...Deno.readDirSync(options.data)].map(({ name }) => name)
  .filter((name) => /\.nii(\.gz)?$/.test(name)).sort();
if (!options.known) { for (const [seed, name] of volumes.entries()) await measure(name, seed); }
const text = Deno.readTextFileSync(PAGE);
const part = /(<!-- people -->\n)[^]*?(\n<!-- end of people -->)/;
if (!part.test(text)) throw new Error(`${PAGE} has no place for the table: <!-- people -->`);
Deno.writeTextFileSync(PAGE, text.replace(part, `$1\n${table()}\n$2`));
say(table());
