/** Numbers that README quotes are those of the committed results. */
import assert from "node:assert/strict";
import { join } from "node:path";
import bart from "../reference/bart_brain7.json" with { type: "json" };
import { ROOT } from "../tools.ts";

const README = Deno.readTextFileSync(join(ROOT, "README.md"));
const RESULTS = Deno.readTextFileSync(join(ROOT, "docs/results.md"));
const METHODS = ["zero-filled", "sense", "wavelet", "tv", "pnp-admm"];
const CASES = [
  { row: "R=4, 24 calibration lines: Larmor", mask: "equispaced:R=4,acs=24", key: "R=4 acs=24" },
  { row: "R=8, 16 calibration lines: Larmor", mask: "equispaced:R=8,acs=16", key: "R=8 acs=16" },
] as const;

const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

/** PSNR and SSIM over the head and PSNR over the whole image, as README writes them. */
const quoted = (head: string, ssim: string, whole: string) =>
  `${head} / ${ssim.replace(/^0/, "")} (${whole})`;

/** Rows of the table of brain7 under a mask in docs/results.md, by method. */
function measured(mask: string): Map<string, string[]> {
  const table = RESULTS.split(`### brain7_fastmri.h5 slice 0, ${mask}\n`)[1].split("\n### ")[0];
  const rows = table.split("\n").filter((line) => line.startsWith("| ")).map(cellsOf);
  return new Map(rows.map(([method, ...cells]) => [method, cells]));
}

for (const { row, mask, key } of CASES) {
  const lines = README.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`| ${row} `));

  Deno.test(`README's figures of Larmor at ${key} are those of docs/results.md`, () => {
    const rows = measured(mask);
    const expected = METHODS.map((method) => {
      const [head, ssim, whole] = rows.get(method)!;
      return quoted(head, ssim, whole);
    });
    assert.deepEqual(cellsOf(lines[at]).slice(1), expected);
  });

  Deno.test(`README's figures of BART at ${key} are those of tests/reference/bart_brain7.json`, () => {
    const expected = METHODS.slice(0, -1).map((method) => {
      const { head, whole } = bart[key][method as "tv"];
      return quoted(head.psnr.toFixed(2), head.ssim.toFixed(3), whole.psnr.toFixed(2));
    });
    assert.deepEqual(cellsOf(lines[at + 1]).slice(1, -1), expected);
  });
}

Deno.test("README's lead of the default over compressed sensing is that of the tables", () => {
  const [, ...leads] = /compressed sensing by (\d\.\d) dB at R=4 and\s+(\d\.\d) dB at\s+R=8/
    .exec(README)!;
  CASES.forEach(({ mask }, i) => {
    const rows = measured(mask);
    const [own, ...others] = ["pnp-admm", "tv", "wavelet"].map((m) => Number(rows.get(m)![0]));
    assert.equal((own - Math.max(...others)).toFixed(1), leads[i]);
  });
});

Deno.test("docs/comparison.md says of its methods what its table says", () => {
  const text = Deno.readTextFileSync(join(ROOT, "docs/comparison.md"));
  const [, low, high] = /a mean (\d\.\d) to (\d\.\d) dB below the default/.exec(text)!;
  const [, ahead] = /Nothing is ahead of it here by more\s+than (\d\.\d) dB/.exec(text)!;
  const tables = text.split(/^### R=\d/m).slice(1, 3).map((part) =>
    new Map(
      part.split("\n").filter((l) => l.startsWith("| ")).map((l) => [cellsOf(l)[0], cellsOf(l)]),
    )
  );
  const gaps = tables.flatMap((rows) =>
    ["diffpir", "dds"].map((name) => Number(rows.get("pnp-admm")![1]) - Number(rows.get(name)![1]))
  );
  assert.equal(Math.min(...gaps).toFixed(1), low);
  assert.equal(Math.max(...gaps).toFixed(1), high);
  for (const rows of tables) {
    const best = Math.max(...[...rows.values()].map((cells) => Number(cells[1]) || 0));
    assert.ok(best - Number(rows.get("pnp-admm")![1]) <= Number(ahead));
  }
});
