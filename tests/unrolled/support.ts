/** Reference values of other projects' networks, and how far a result is from them. */
import assert from "node:assert/strict";
import { type NdArray, ndarray, sizeOf } from "../../src/ndarray.ts";
import { decodeSafetensors } from "../../src/nn/mod.ts";
import { ROOT } from "../tools.ts";

const FIXTURES = `${ROOT}/tests/unrolled/fixtures`;

export function fixture(name: string): Readonly<Record<string, NdArray>> {
  return decodeSafetensors(Deno.readFileSync(`${FIXTURES}/${name}.safetensors`), name).tensors;
}

/** The weights among the tensors of a fixture. */
export const weightsOf = (tensors: Readonly<Record<string, NdArray>>) =>
  Object.fromEntries(
    Object.entries(tensors).filter(([key]) => key.startsWith("weights.")).map((
      [key, value],
    ) => [key.slice("weights.".length), value]),
  );

/** fastMRI's `[C, readout, phase, 2]` as `[1, C, 2, phase, readout]`. */
export function turned({ data, shape: [coils, readout, phase] }: NdArray): NdArray {
  const out = new Float32Array(data.length);
  let i = 0;
  for (let c = 0; c < coils; c++) {
    for (let part = 0; part < 2; part++) {
      for (let y = 0; y < phase; y++) {
        for (let x = 0; x < readout; x++) {
          out[i++] = data[((c * readout + x) * phase + y) * 2 + part];
        }
      }
    }
  }
  return ndarray(out, [1, coils, 2, phase, readout]);
}

export const relativeError = (actual: NdArray, expected: NdArray): number => {
  assert.equal(sizeOf(actual.shape), sizeOf(expected.shape));
  const difference = Math.hypot(...actual.data.map((value, i) => value - expected.data[i]));
  return difference / Math.hypot(...expected.data);
};
