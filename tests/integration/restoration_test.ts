/** Restoration of a real head, with the defaults. Data: ../shared/data. */
import assert from "node:assert/strict";
import { restore } from "../../src/cli/commands/restore.ts";
import { inFolder } from "../io/support.ts";
import { runHere } from "../cli/support.ts";
import { ROOT } from "../tools.ts";

const HEAD = `${ROOT}/../shared/data/validation/ds000011_sub-14_inplaneT2_z.nii.gz`;
const ignore = await Deno.stat(HEAD).then(() => false, () => true);

Deno.test({
  name: "pigdm brings back at least 1 dB of what JPEG at quality 10 took from a head",
  ignore,
  fn: () =>
    inFolder(async (at) => {
      const options = ["--slices", "8", "--task", "jpeg:quality=10", "--json", "--quiet"];
      const args = [HEAD, ...options, "--output", at("o")];
      const { code, out, err } = await runHere(args, { command: restore });
      assert.equal(code, 0, err);
      const { metrics: { input, output }, sameBlocks } = JSON.parse(out);
      assert.ok(output.psnr > input.psnr + 1, `${input.psnr} to ${output.psnr} dB`);
      assert.ok(output.ssim > input.ssim + 0.2, `${input.ssim} to ${output.ssim}`);
      assert.ok(sameBlocks >= 0.99, `${sameBlocks}`);
    }),
});
