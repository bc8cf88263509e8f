import assert from "node:assert/strict";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { InputError } from "../../../src/errors.ts";
import * as g from "../../../src/graph/mod.ts";
import { ModelProtoSchema } from "../onnx.ts";
import { assertClose } from "../random.ts";

const FLOAT = { value: { case: "tensorType" as const, value: { elemType: 1 } } };
const AXIS = { name: "axis", type: 2, i: 0n };

/** A model around weights whose protos are given in full; the first is used. */
function withWeight(initializer: object, ...others: readonly object[]): Uint8Array {
  const type = { value: { case: "tensorType" as const, value: { elemType: 1 } } };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: {
        node: [
          {
            opType: "Cast",
            input: ["w"],
            output: ["c"],
            attribute: [{ name: "to", type: 2, i: 1n }],
          },
          { opType: "Identity", input: ["c"], output: ["y"] },
        ],
        initializer: [{ name: "w", ...initializer }, ...others],
        output: [{ name: "y", type }],
      },
    }),
  );
}

const valuesOf = (bytes: Uint8Array, options?: g.ImportOptions) =>
  g.evaluate([g.importOnnx(bytes, options).apply({}).y])[0].data;

Deno.test("weights are read from raw bytes and typed fields of every element type", () => {
  const raw = (data: ArrayBufferView) => ({
    rawData: new Uint8Array(data.buffer.slice(0) as ArrayBuffer),
  });
  const cases: readonly [object, readonly number[]][] = [
    [{ dataType: 1, ...raw(Float32Array.of(1.5, -2)) }, [1.5, -2]],
    [{ dataType: 2, ...raw(Uint8Array.of(3, 255)) }, [3, 255]],
    [{ dataType: 3, ...raw(Int8Array.of(3, -1)) }, [3, -1]],
    [{ dataType: 4, int32Data: [7, 65535] }, [7, 65535]],
    [{ dataType: 5, ...raw(Int16Array.of(-7, 5)) }, [-7, 5]],
    [{ dataType: 6, int32Data: [-7, 5] }, [-7, 5]],
    [{ dataType: 7, ...raw(BigInt64Array.of(-7n, 5n)) }, [-7, 5]],
    [{ dataType: 9, int32Data: [0, 1] }, [0, 1]],
    [{ dataType: 10, ...raw(Uint16Array.of(0x3c00, 0xc100)) }, [1, -2.5]],
    [{ dataType: 10, int32Data: [0x0001, 0x7c00] }, [2 ** -24, Infinity]],
    [{ dataType: 11, doubleData: [0.25, 4] }, [0.25, 4]],
    [{ dataType: 12, uint64Data: [1n, 4294967295n] }, [1, 4294967296]],
    [{ dataType: 16, ...raw(Uint16Array.of(0x3f80, 0xc020)) }, [1, -2.5]],
  ];
  for (const [tensor, expected] of cases) {
    assertClose(valuesOf(withWeight({ dims: [2n], ...tensor })), expected, 1e-9);
  }
  assert.throws(() => valuesOf(withWeight({ dims: [2n], dataType: 8 })), /element type 8/);
});

Deno.test("external weights come from the model's folder or not at all", () => {
  const folder = mkdtempSync(join(tmpdir(), "larmor-model-"));
  const outside = mkdtempSync(join(tmpdir(), "larmor-secret-"));
  writeFileSync(join(folder, "weights.bin"), new Uint8Array(Float32Array.of(9, 1.5, -2).buffer));
  writeFileSync(join(outside, "secret.bin"), new Uint8Array(Float32Array.of(9, 1.5, -2).buffer));
  symlinkSync(join(outside, "secret.bin"), join(folder, "link.bin"));
  const at = (location: string, length = "8") =>
    withWeight({
      dims: [2n],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: "location", value: location }, { key: "offset", value: "4" }, {
        key: "length",
        value: length,
      }],
    });
  const external = g.externalLoader(folder);
  assert.deepEqual([...valuesOf(at("weights.bin"), { external })], [1.5, -2]);
  assert.throws(() => valuesOf(at("weights.bin")), /only models in one file/);
  for (
    const location of [
      "../secret.bin",
      join(outside, "secret.bin"),
      "link.bin",
      "a/../../x",
      ".",
      "",
    ]
  ) {
    assert.throws(() => valuesOf(at(location), { external }), InputError, location);
  }
  for (const length of ["12", "-1", "1e99", "x"]) {
    assert.throws(
      () => valuesOf(at("weights.bin", length), { external }),
      /bytes from 4 are required/,
    );
  }
});

Deno.test("weights in a pipe are refused: reading one would wait for ever", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const made = await new Deno.Command("mkfifo", { args: [`${folder}/w.bin`] }).output();
    if (!made.success) return;
    assert.throws(
      () => g.externalLoader(folder)("w.bin", 0, 8),
      /a file inside the model's folder/,
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("more weights than a model can hold are refused before they are read", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const size = 2 ** 30; // nothing of it is on the disk
    Deno.writeFileSync(`${folder}/w.bin`, new Uint8Array());
    Deno.truncateSync(`${folder}/w.bin`, 40 * size);
    const message = { name: "InputError", message: /at most 2147483648 bytes of a model are/ };
    assert.throws(() => g.externalLoader(folder)("w.bin", 0, undefined), message);
    const load = g.externalLoader(folder);
    assert.equal(load("w.bin", 7, 16).length, 16);
    assert.throws(() => load("w.bin", 0, 2 * size), message, "in all");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("weights of several files that are too many in all are refused before any is read", () => {
  const weights = (length?: string) =>
    Array.from({ length: 6 }, (_, i) => ({
      name: `w${i}`,
      dims: [2n ** 27n],
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: "location", value: `${i}.bin` },
        ...length === undefined ? [] : [{ key: "length", value: length }],
      ],
    }));
  const external = () => assert.fail("it is read");
  for (const length of [undefined, `${2 ** 29}`]) {
    const bytes = withWeight(weights(length)[0], ...weights(length).slice(1));
    assert.throws(() => g.importOnnx(bytes, { external }), /at most 2147483648 .* 3221225472/);
  }
});

Deno.test("a node that makes a tensor of more than 2 GiB is refused before it runs", () => {
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: {
        node: [{ opType: "Concat", input: ["x", "x"], output: ["y"], attribute: [AXIS] }],
        input: [{ name: "x", type: FLOAT }],
        output: [{ name: "y", type: FLOAT }],
      },
    }),
  );
  const apply = (size: number) => g.importOnnx(bytes).apply({ x: g.input("x", [size]) });
  assert.deepEqual(apply(2 ** 28).y.shape, [2 ** 29]);
  assert.throws(
    () => apply(2 ** 28 + 1),
    { name: "InputError", message: /node y \(Concat\): at most 536870912 values are possible/ },
  );
});
