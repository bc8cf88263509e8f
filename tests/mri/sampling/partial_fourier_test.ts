/** Partial Fourier: the missing side of k-space from the phase, where the truth is known. */
import assert from "node:assert/strict";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { restorePartial } from "../../../src/mri/sampling/partial_fourier.ts";
import { partialExtent } from "../../../src/mri/sampling/partial_sampling.ts";
import { SamplingMask } from "../../../src/mri/sampling/masks.ts";
import { constantOf, input, mul } from "../../../src/graph/mod.ts";
import { type NdArray, zeros } from "../../../src/ndarray.ts";
import { relativeError } from "../support.ts";
import { runtime } from "../../runtime.ts";

/** Ellipses with sharp edges and a smooth phase, `[2, H, W]`. */
function object(height: number, width: number): NdArray {
  const image = zeros([2, height, width]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = [2 * y / height - 1, 2 * x / width - 1];
      const inside = (a: number, b: number, r: number, q: number) =>
        ((u - a) / r) ** 2 + ((v - b) / q) ** 2 < 1;
      const value = (inside(0, 0, 0.8, 0.9) ? 1 : 0) - (inside(0.2, -0.3, 0.3, 0.2) ? 0.6 : 0) +
        (inside(-0.3, 0.3, 0.2, 0.25) ? 0.5 : 0);
      const phase = 0.6 * u - 0.9 * v + 0.7 * u * u - 0.5 * u * v;
      image.data[y * width + x] = value * Math.cos(phase);
      image.data[height * width + y * width + x] = value * Math.sin(phase);
    }
  }
  return image;
}

function mask(height: number, width: number, partial: SamplingMask["partial"]): SamplingMask {
  const values = new Uint8Array(height).fill(1);
  return new SamplingMask({ isLines: true, height, width, values, spec: "data", partial });
}

/** The image that part of k-space makes, before and after it is restored. */
async function both(image: NdArray, partial: NonNullable<SamplingMask["partial"]>) {
  const [, height, width] = image.shape;
  const [top, bottom] = partial.rows ?? [0, height];
  const [left, right] = partial.columns ?? [0, width];
  const kept = Float32Array.from({ length: height * width }, (_, i) => {
    const y = Math.floor(i / width), x = i % width;
    return y >= top && y < bottom && x >= left && x < right ? 1 : 0;
  });
  const program = await runtime.build({ image: image.shape }, ({ image }) => {
    const zeroFilled = dft2(
      mul(dft2(image, "forward"), constantOf(kept, [height, width])),
      "inverse",
    );
    const restored = restorePartial(zeroFilled, mask(height, width, partial));
    return {
      zeroFilled,
      restored,
      again: mul(dft2(restored, "forward"), constantOf(kept, [height, width])),
      measured: mul(dft2(image, "forward"), constantOf(kept, [height, width])),
    };
  });
  return await program.run({ image });
}

for (
  const [height, width, partial, limit] of [
    [64, 48, { rows: [0, 48] }, 0.3], // 6/8
    [63, 47, { rows: [16, 63] }, 0.3],
    [48, 64, { columns: [16, 64] }, 0.3], // an asymmetric echo
    [61, 64, { rows: [0, 46], columns: [16, 64] }, 0.6], // both: a corner has no partner
  ] as const
) {
  const name = JSON.stringify(partial);
  Deno.test(`restorePartial() of ${height} x ${width} with ${name} comes near the truth`, async () => {
    const image = object(height, width);
    const { zeroFilled, restored, again, measured } = await both(image, partial);
    const before = relativeError(zeroFilled.data, image.data);
    const after = relativeError(restored.data, image.data);
    assert.ok(after < limit * before, `${after} of ${before}`);
    assert.ok(relativeError(again.data, measured.data) < 1e-5, "acquired samples stay");
  });
}

Deno.test("restorePartial() leaves an image alone that is not partial, or has no phase", () => {
  const image = input("image", [2, 8, 8]);
  assert.equal(restorePartial(image, mask(8, 8, undefined)), image);
  assert.equal(restorePartial(image, mask(8, 8, { rows: [3, 8] })), image, "1 line of phase");
});

Deno.test("partialExtent() tells partial Fourier from undersampling and padding", () => {
  assert.deepEqual(partialExtent([0, 192], 256, 1), [0, 192]);
  assert.deepEqual(partialExtent([64, 256], 256, 2), [64, 256]);
  assert.equal(partialExtent([0, 256], 256, 1), undefined);
  assert.equal(partialExtent([0, 255], 255, 1), undefined);
  assert.equal(partialExtent([3, 256], 256, 4), undefined);
  assert.equal(partialExtent([28, 228], 256, 1), undefined, "padded on both sides");
});
