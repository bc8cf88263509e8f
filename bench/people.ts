/**
 * Methods on many slices of many people, none of whom a network was trained on: mean PSNR over the head
 * and paired differences. Writes the table of docs/comparison.md.
 *
 *     deno run --allow-all bench/people.ts [--methods sense,wavelet,...] [--data FOLDER] [--each 3]
 *                                         [--output bench/results/people] [--known]
 *
 * Every volume of the folder is a file of a cohort (`deno task cohort`), of which the middle slices are
 * taken. Simulation: 8 coils, noise of 0.015 of bright tissue. A run that was stopped goes on; `--known`
 * measures nothing and writes what is there. Methods may have folders of their own (`--output`), which
 * `--known` takes together: `--output a --output b`.
 */
import { join } from "node:path";
import { benchOptions, say } from "./options.ts";
import type { CohortResults, CohortRow } from "../src/cohort/results.ts";
import { openImage } from "../src/io/mod.ts";
import { bootstrapDraws, bootstrapInterval, mean } from "../src/report/compare/statistics.ts";

const options = benchOptions(import.meta.url, {
  methods: { type: "string", default: "sense,wavelet,unet,varnet,modl,pnp-admm" },
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  each: { type: "string", default: "3" },
  output: { type: "string", multiple: true, default: ["bench/results/people"] },
  known: { type: "boolean", default: false },
});
const MASKS = { "R=4": "equispaced:R=4,acs=24", "R=8": "equispaced:R=8,acs=16" };
const SIMULATION = "coils=8,noise=0.015";
const PAGE = new URL("../docs/comparison.md", import.meta.url);
/** What all methods are compared with. */
const OPPONENT = "wavelet";

/** Runs `larmor cohort` with arguments; throws when it fails. */
function cohort(...args: string[]): void {
  const { code } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", "src/cli/larmor.ts", "cohort", ...args],
    stdout: "null",
  }).outputSync();
  if (code !== 0) throw new Error(`larmor cohort ${args.join(" ")} ended with exit code ${code}`);
}

/** The middle slices of all volumes, as a manifest. */
async function manifest(): Promise<string> {
  const names = [...Deno.readDirSync(options.data)].map(({ name }) => name).sort();
  const lines = ["input,name,slices,simulate"];
  for (const [seed, name] of names.filter((name) => /\.nii(\.gz)?$/.test(name)).entries()) {
    using volume = await openImage(join(options.data, name));
    const each = Math.min(Number(options.each), volume.slices);
    const first = (volume.slices - each) >> 1;
    lines.push(
      `${join(options.data, name)},${name.split(".")[0]},${first}:${
        first + each
      },"${SIMULATION},seed=${seed}"`,
    );
  }
  return lines.join("\n") + "\n";
}

/** Reconstructs all slices under each mask. */
async function measure(folder: string): Promise<void> {
  Deno.mkdirSync(folder, { recursive: true });
  const list = join(folder, "volumes.csv");
  Deno.writeTextFileSync(list, await manifest());
  for (const [name, mask] of Object.entries(MASKS)) {
    const output = join(folder, name);
    const begun = [...Deno.readDirSync(folder)].some((entry) => entry.name === name);
    if (!begun) {
      cohort("init", list, "--method", options.methods, "--mask", mask, "--output", output);
    }
    cohort("run", output);
    cohort("collect", output);
  }
}

/** Rows of all folders under a mask. */
function rowsOf(name: string): CohortRow[] {
  return options.output.flatMap((folder) => {
    const path = join(folder, name, "results", "table.json");
    const { rows }: CohortResults = JSON.parse(Deno.readTextFileSync(path));
    return rows.filter(({ state, head }) => state === "done" && head !== null);
  });
}

/** PSNR over the head by method and volume. */
function byMethod(rows: readonly CohortRow[]): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const { method, name, head } of rows) {
    found.set(method!, (found.get(method!) ?? new Map()).set(name, head!.psnr!));
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
  const scores = Object.keys(MASKS).map((name) => byMethod(rowsOf(name)));
  const names = [...new Set(scores.flatMap((one) => [...one.keys()]))];
  const title = Object.keys(MASKS).flatMap((name) => [name, `minus \`${OPPONENT}\``, "ahead on"]);
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  return [
    line(["method", ...title]),
    line(["---", ...title.map(() => "---:")]),
    ...names.map((method) => line([method, ...scores.flatMap((one) => cells(one, method))])),
  ].join("\n");
}

if (!options.known) await measure(options.output[0]);
const text = Deno.readTextFileSync(PAGE);
const part = /(<!-- people -->\n)[^]*?(\n<!-- end of people -->)/;
if (!part.test(text)) throw new Error(`${PAGE} has no place for the table: <!-- people -->`);
Deno.writeTextFileSync(PAGE, text.replace(part, `$1\n${table()}\n$2`));
say(table());
