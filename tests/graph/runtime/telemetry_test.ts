/** onnxruntime tells nobody what it does. */
import assert from "node:assert/strict";
import { SILENCE } from "../../../src/graph/runtime/telemetry.ts";
import { ROOT } from "../../tools.ts";

Deno.test("the telemetry of onnxruntime is off in the environment that native code sees", async () => {
  const { stdout } = await new Deno.Command("printenv", { args: [SILENCE] }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "1");
});

Deno.test("it is turned off before the library is loaded", async () => {
  const text = await Deno.readTextFile(`${ROOT}/src/graph/runtime/onnxruntime.ts`);
  const [first] = text.match(/^import .*$/m)!;
  assert.match(first, /"\.\/telemetry\.ts"/);
});
