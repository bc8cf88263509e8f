/** The server under good and hostile clients for a while; `LARMOR_SOAK_MINUTES` makes it longer. */
import assert from "node:assert/strict";
import { ROOT } from "../tools.ts";

const MINUTES = Deno.env.get("LARMOR_SOAK_MINUTES") ?? "2";

Deno.test({
  name: `${MINUTES} minutes of good and hostile clients: no wrong image, no lost acquisition`,
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", `${ROOT}/bench/soak.ts`, "--minutes", MINUTES],
      stderr: "inherit",
    }).output();
    const report = new TextDecoder().decode(stdout);
    assert.equal(code, 0, report);
    assert.match(report, /no fault/);
  },
});
