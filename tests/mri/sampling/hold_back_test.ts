import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { heldBack } from "../../../src/mri/sampling/hold_back.ts";
import {
  type GeneratedMaskSpec,
  makeMask,
  parseMaskSpec,
} from "../../../src/mri/sampling/masks.ts";
import { Rng } from "../../../src/rng.ts";

for (const [spec, total] of [["equispaced:R=4,acs=8", 6], ["poisson:R=3,acs=8", 60]] as const) {
  Deno.test(`heldBack() of ${spec} takes a share of the acquired samples outside the calibration region`, () => {
    const mask = makeMask(parseMaskSpec(spec) as GeneratedMaskSpec, 32, 24);
    const { data, shape } = heldBack(mask, 0.5, new Rng(1));
    assert.deepEqual(shape, [mask.rows, mask.isLines ? 1 : 24]);
    let count = 0, outside = 0;
    data.forEach((value, i) => {
      const [row, column] = [Math.floor(i / shape[1]), i % shape[1]];
      const [line, free] = [mask.lines[row], !mask.inCalibration(mask.lines[row], column)];
      if (mask.keeps(line, column) && free) outside++;
      if (value === 0) return;
      count++;
      assert.ok(mask.keeps(line, column) && free, `sample ${line}, ${column}`);
    });
    assert.equal(count, Math.round(0.5 * outside));
    assert.ok(outside >= total, `${outside}`);
  });
}

Deno.test("heldBack() refuses a mask whose samples are all for calibration", () => {
  const mask = makeMask(parseMaskSpec("equispaced:R=4,acs=8") as GeneratedMaskSpec, 8, 8);
  assert.throws(() => heldBack(mask, 0.1, new Rng(1)), InputError);
});
