import assert from "node:assert/strict";
import { DeviceError } from "../../src/errors.ts";
import * as g from "../../src/graph/mod.ts";
import { resolveDevice } from "../../src/graph/runtime/device.ts";

const two = { data: Float32Array.of(1, 2), shape: [2] };

Deno.test("a runtime compiles the same graph once", async () => {
  await using runtime = await g.Runtime.open("cpu");
  const build = () => runtime.build({ x: [2] }, ({ x }) => ({ y: g.add(x, 1) }));
  const [a, b] = await Promise.all([build(), build()]);
  assert.equal(runtime.size, 1);
  await runtime.build({ x: [2] }, ({ x }) => ({ y: g.add(x, 2) }));
  assert.equal(runtime.size, 2);
  assert.deepEqual((await a.run({ x: two })).y, (await b.run({ x: two })).y);
  assert(runtime.compileSeconds > 0);
});

Deno.test("a disposed runtime holds nothing and compiles nothing", async () => {
  const runtime = await g.Runtime.open("cpu");
  await runtime.build({ x: [2] }, ({ x }) => ({ y: g.exp(x) }));
  await runtime[Symbol.asyncDispose]();
  assert.equal(runtime.size, 0);
  await assert.rejects(runtime.build({ x: [2] }, ({ x }) => ({ y: x })), /runtime is disposed/);
});

Deno.test("run() says which input does not have its shape", async () => {
  await using runtime = await g.Runtime.open("cpu");
  const program = await runtime.build({ x: [3] }, ({ x }) => ({ y: g.exp(x) }));
  await assert.rejects(program.run({ x: two }), {
    name: "RangeError",
    message: /input x must have shape \[3\], found \[2\]/,
  });
});

Deno.test("compile() takes float32 only", async () => {
  await using runtime = await g.Runtime.open("cpu");
  const x = g.input("x", [2]);
  await assert.rejects(
    runtime.compile({ x }, { y: g.greater(x, 0) }),
    /output y must be float32, found bool/,
  );
});

Deno.test("cuda is refused here with the way to install it", async () => {
  await assert.rejects(g.Runtime.open("cuda"), (error) => {
    assert(error instanceof DeviceError);
    assert.match(error.message, /Cannot run on cuda/);
    assert.match(error.hint ?? "", /onnxruntime-node/);
    return true;
  });
});

/** A machine on which only these devices run. */
const machine = (hardware: boolean, ...running: string[]) => ({
  trial: (device: string) =>
    running.includes(device)
      ? Promise.resolve()
      : Promise.reject(new Error("No supported adapters")),
  hasHardwareAdapter: () => Promise.resolve(hardware),
});

Deno.test("auto takes cuda first, then a hardware adapter that runs, then the CPU", async () => {
  assert.equal(await resolveDevice("auto", machine(true, "cuda", "webgpu")), "cuda");
  assert.equal(await resolveDevice("auto", machine(true, "webgpu")), "webgpu");
  assert.equal(await resolveDevice("auto", machine(false, "webgpu")), "cpu");
  assert.equal(await resolveDevice("auto", machine(true)), "cpu");
});

Deno.test("a device asked for by name is taken or refused", async () => {
  assert.equal(await resolveDevice("cpu", machine(true, "cuda")), "cpu");
  assert.equal(await resolveDevice("webgpu", machine(false, "webgpu")), "webgpu");
  await assert.rejects(resolveDevice("webgpu", machine(true)), {
    name: "DeviceError",
    message: "Cannot run on webgpu: No supported adapters",
  });
});

Deno.test("an output that is also padded for a convolution survives onnxruntime's fusions", async () => {
  await using runtime = await g.Runtime.open("cpu");
  const weight = g.constant({ data: new Float32Array(9).fill(1), shape: [1, 1, 3, 3] });
  const program = await runtime.build({ x: [1, 1, 4, 4] }, ({ x }) => {
    const part = g.slice(x, 3, 0, 3);
    return { part, z: g.conv(g.pad(part, [0, 0, 1, 1, 0, 0, 1, 1]), weight), again: part, x2: x };
  });
  const x = { data: new Float32Array(16).fill(1), shape: [1, 1, 4, 4] };
  const { part, z, again, x2 } = await program.run({ x });
  assert.deepEqual([part.shape, again.data, x2.data], [[1, 1, 4, 3], part.data, x.data]);
  assert.equal(z.data[4], 9);
});
