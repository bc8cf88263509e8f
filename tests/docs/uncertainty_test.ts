/** The table of docs/uncertainty.md says what the calibrations that ship say. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCalibrations } from "../../src/recon/error_bars/calibration.ts";
import { ROOT } from "../tools.ts";

const PAGE = Deno.readTextFileSync(join(ROOT, "docs/uncertainty.md"));
const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
const percent = (part: number) => `${(100 * part).toFixed(1)} %`;

Deno.test("docs/uncertainty.md quotes the measured figures of the calibrations that ship", async () => {
  const calibrations = await readCalibrations(join(ROOT, "models/prior-brain"));
  const table = PAGE.split("<!-- measured -->")[1].split("<!-- end of measured -->")[0];
  const [head, ...lines] = table.split("\n").filter((line) => line.startsWith("|")).map(cellsOf);
  assert.deepEqual(head.slice(1), [...calibrations.keys()].map((name) => `\`${name}\``));
  const rows = new Map(lines.map(([name, ...cells]) => [name, cells]));
  [...calibrations.values()].forEach(({ people, slices, measured }, i) => {
    const cell = (name: string) => rows.get(name)![i];
    assert.equal(cell("people, slices"), `${people}, ${slices}`);
    assert.equal(cell("coverage of the pixels of the head"), percent(measured.coverage));
    assert.equal(
      cell("in ten bins of the width, least and most"),
      `${percent(Math.min(...measured.byWidth))} to ${percent(Math.max(...measured.byWidth))}`,
    );
    for (const [name, part] of Object.entries(measured.byAcceleration)) {
      assert.equal(cell(name), percent(part));
    }
    assert.equal(
      cell("rank correlation of width and error"),
      measured.rankCorrelation.toFixed(2),
    );
    assert.equal(cell("the PSNR bound holds on"), percent(measured.psnrHolds));
  });
});
