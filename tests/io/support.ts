/** What the tests of readers and writers share. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../src/errors.ts";
import type { NdArray } from "../../src/ndarray.ts";
import { sizeOf } from "../../src/ndarray.ts";

/** Path of a committed fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** Path of a file of the shared data, or undefined (with a message) where it is absent. */
export function sharedData(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  try {
    Deno.statSync(path);
    return path;
  } catch {
    // deno-lint-ignore no-console -- a skipped test says so
    console.warn(`skipped: ${path} is absent`);
    return undefined;
  }
}

/** Runs with a folder of its own, removed after. */
export async function inFolder(run: (at: (name: string) => string) => Promise<void> | void) {
  const folder = await Deno.makeTempDir({ prefix: "larmor-io-" });
  try {
    await run((name) => join(folder, name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Asserts an InputError whose message matches, in the house style: no trailing period. */
export async function refuses(run: () => unknown, message: RegExp): Promise<void> {
  await assert.rejects(
    async () => await run(),
    (error: Error) => {
      assert.ok(error instanceof InputError, `${error.name}: ${error.stack}`);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\.$/);
      return true;
    },
  );
}

/** An array whose element at each index is a function of the index. */
export function tabulate(
  shape: readonly number[],
  value: (...index: number[]) => number,
): NdArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = shape.map((size, axis) => {
      return Math.floor(flat / sizeOf(shape.slice(axis + 1))) % size;
    });
    return value(...index);
  });
  return { data, shape };
}

/** Same shape, same values. Not deepEqual: its account of a difference takes minutes. */
export function same(actual: NdArray, expected: NdArray): void {
  assert.deepEqual([...actual.shape], [...expected.shape]);
  assert.equal(actual.data.length, expected.data.length);
  const at = actual.data.findIndex((value, i) => value !== expected.data[i]);
  assert.equal(at, -1, `at ${at}: ${actual.data[at]} instead of ${expected.data[at]}`);
}
