/** `deno task devices`: the processor against itself, and devices that are not there. */
import assert from "node:assert/strict";
import { devices, type DevicesReport } from "../../../src/cli/commands/devices.ts";
import { devicesText } from "../../../src/cli/render/devices_text.ts";
import { runHere } from "../support.ts";

Deno.test("devices tests the processor, and says what a device that is not there needs", async () => {
  const command = devices;
  const { code, out } = await runHere(["--size", "32", "--device", "cpu", "--json"], { command });
  assert.equal(code, 0);
  const report: DevicesReport = JSON.parse(out);
  const [{ device, steps }] = report.devices;
  assert.equal(device, "cpu");
  assert.deepEqual(steps!.map(({ method }) => method), [
    ...["sense", "tv", "pnp-admm", "diffpir", "dps"],
  ]);
  assert.ok(steps!.every(({ error, seconds }) => error < 1e-4 && seconds > 0));
  const absent = await runHere(["--device", "cuda", "--quiet"], { command });
  assert.equal(absent.code, 4);
  assert.match(
    absent.out,
    /cuda: not there\n.*Cannot run on cuda.*\n.*ONNXRUNTIME_NODE_INSTALL/,
  );
});

Deno.test("the text of devices marks what is wrong", () => {
  const report: DevicesReport = {
    schema: "larmor.devices/1",
    software: { version: "1", commit: null, runtime: "deno 2", platform: "linux x64" },
    cores: 4,
    devices: [{
      device: "webgpu",
      adapter: { name: "nvidia turing", isFallback: false },
      operators: { agree: ["Add", "Mul"], missing: ["Sign"], wrong: ["Conv"] },
      size: 192,
      steps: [
        { kind: "a", method: "sense", error: 1e-6, bound: 1e-3, seconds: 0.5, cpuSeconds: 1 },
        { kind: "b", method: "dps", error: NaN, bound: 1e-2, seconds: 0.5, cpuSeconds: 1 },
      ],
    }],
  };
  const text = devicesText(report);
  assert.match(text, /nvidia turing \(hardware\)/);
  assert.match(text, /2 of 4 agree/);
  assert.match(text, /WRONG: Conv/);
  assert.match(text, /a \(sense\) .* 2\.00 times the processor, error 1\.0e-6\n/);
  assert.match(text, /b \(dps\) .* WRONG/);
});
