/** Reading PNG. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { decodePng, encodePng, encodePngRgb } from "../../src/io/png.ts";
import { ndarray } from "../../src/ndarray.ts";

Deno.test("decodePng gives what encodePng wrote, in 8 and 16 bits, and colours", () => {
  const image = ndarray(Float32Array.of(0, 0.25, 0.5, 0.75, 1, 0.1), [2, 3]);
  for (const [bits, tolerance] of [[8, 0.002], [16, 1e-5]] as const) {
    const { data, shape } = decodePng(encodePng(image, bits), "a.png");
    assert.deepEqual(shape, [1, 2, 3]);
    data.forEach((value, i) => assert.ok(Math.abs(value - image.data[i]) < tolerance, `${bits}`));
  }
  const pixels = Uint8Array.of(255, 0, 51, 0, 255, 102);
  const { data, shape } = decodePng(encodePngRgb(pixels, 1, 2), "c.png");
  assert.deepEqual(shape, [3, 1, 2]);
  assert.deepEqual([...data.map((value) => Math.round(255 * value))], [255, 0, 0, 255, 51, 102]);
});

Deno.test("a damaged PNG, or another file, is refused", () => {
  const whole = encodePng(ndarray(new Float32Array(64), [8, 8]));
  for (const bytes of [whole.subarray(0, 40), whole.subarray(0, 9), Uint8Array.of(1, 2, 3)]) {
    assert.throws(() => decodePng(bytes, "b.png"), InputError);
  }
  const huge = whole.slice();
  huge.set([0, 255, 255, 255, 0, 255, 255, 255], 16);
  assert.throws(() => decodePng(huge, "h.png"), InputError);
});
