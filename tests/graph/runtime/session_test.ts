import assert from "node:assert/strict";
import { DeviceError } from "../../../src/errors.ts";
import * as g from "../../../src/graph/mod.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { resolveDevice } from "../../../src/graph/runtime/device.ts";

const two: NdArray = { data: Float32Array.of(1, 2), shape: [2] };

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

Deno.test("open() takes a positive whole number of threads", async () => {
  await using runtime = await g.Runtime.open("cpu", { threads: 1 });
  const program = await runtime.build({ x: [2] }, ({ x }) => ({ y: g.add(x, 1) }));
  assert.deepEqual((await program.run({ x: two })).y.data, Float32Array.of(2, 3));
  for (const threads of [0, 1.5, NaN]) {
    await assert.rejects(g.Runtime.open("cpu", { threads }), RangeError);
  }
});

/** `x` after `steps` steps of `x -> a x + b`, fed as arrays or kept by the runtime. */
async function affineSteps(runtime: g.Runtime, kept: boolean, steps = 3) {
  const shapes = { x: [2], a: [2], b: [1] };
  const define = ({ x, a, b }: Record<"x" | "a" | "b", g.Tensor>) => {
    const next = g.add(g.mul(a, x), b);
    return { next, sum: g.reduceSum(next) };
  };
  const fixed = { a: two, b: { data: Float32Array.of(0.5), shape: [1] } };
  if (!kept) {
    const program = await runtime.build(shapes, define);
    let x = two, sum = x;
    for (let i = 0; i < steps; i++) ({ next: x, sum } = await program.run({ x, ...fixed }));
    return { x, sum };
  }
  const program = await runtime.build(shapes, define, { keep: ["next"] });
  using bound = await program.bind(fixed);
  let { next, sum } = await bound.run({ x: two });
  for (let i = 1; i < steps; i++) {
    using before = next;
    ({ next, sum } = await bound.run({ x: before }));
  }
  return { x: await next.read(), sum };
}

Deno.test("bound inputs and kept outputs give what arrays give", async () => {
  await using runtime = await g.Runtime.open("cpu");
  assert.deepEqual(await affineSteps(runtime, true), await affineSteps(runtime, false));
  assert.deepEqual((await affineSteps(runtime, true, 2)).x.data, Float32Array.of(2, 9.5));
});

Deno.test("bind() checks names and shapes, and only the other inputs remain", async () => {
  await using runtime = await g.Runtime.open("cpu");
  const program = await runtime.build({ x: [2], a: [2] }, ({ x, a }) => ({ y: g.mul(a, x) }));
  using bound = await program.bind({ a: two });
  assert.deepEqual(bound.inputShapes, { x: [2] });
  assert.deepEqual((await bound.run({ x: two })).y.data, Float32Array.of(1, 4));
  const wrong = { z: two } as unknown as { x: typeof two };
  await assert.rejects(program.bind(wrong), /Cannot bind input z: one of x, a is required/);
  await assert.rejects(
    bound.bind({ a: two } as never),
    /Cannot bind input a: one of x is required/,
  );
  const short = { data: new Float32Array(1), shape: [1] };
  await assert.rejects(program.bind({ a: short }), /input a must have shape \[2\], found \[1\]/);
  await assert.rejects(bound.run({} as never), /input x is missing/);
  await assert.rejects(
    runtime.build({ x: [2] }, ({ x }) => ({ y: g.exp(x) }), { keep: ["z" as "y"] }),
    /Cannot keep z: one of y is required/,
  );
});
