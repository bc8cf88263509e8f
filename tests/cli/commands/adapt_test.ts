/** What `adapt` refuses. */
import { adapt } from "../../../src/cli/commands/adapt.ts";
import { assertRefused, runHere } from "../support.ts";

const REFUSED: Readonly<Record<string, readonly [string[], number, RegExp]>> = {
  "no file": [[], 2, /Cannot adapt to 0 files: one is required/],
  "two files": [["a.npy", "b.npy"], 2, /Cannot adapt to 2 files: one is required/],
  "a model that is not reconstruction": [
    ["a.npy", "--model", "prior-brain"],
    3,
    /a model of kind .* is required, found denoiser/,
  ],
};

for (const [name, [args, code, message]] of Object.entries(REFUSED)) {
  Deno.test(`adapt refuses ${name}`, async () =>
    assertRefused(await runHere(args, { command: adapt }), code, message));
}
