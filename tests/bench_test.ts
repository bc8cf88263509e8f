/** The benchmarks' command lines; what they measure is not tested. */
import assert from "node:assert/strict";
import { ROOT } from "./tools.ts";

for (const { name } of Deno.readDirSync(`${ROOT}/bench`)) {
  const path = `${ROOT}/bench/${name}`;
  if (!name.endsWith(".ts") || !Deno.readTextFileSync(path).includes("benchOptions(import")) {
    continue;
  }
  Deno.test(`bench/${name} --help prints its use, a wrong option ends with exit code 2`, async () => {
    const run = (option: string) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-all", path, option],
      }).output();
    const [help, wrong] = [await run("--help"), await run("--no-such-option")];
    assert.equal(help.code, 0);
    assert.match(new TextDecoder().decode(help.stdout), /deno (task|run)/);
    assert.equal(wrong.code, 2);
    assert.match(new TextDecoder().decode(wrong.stdout), /no-such-option/);
  });
}
