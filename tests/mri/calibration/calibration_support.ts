/** A textured disc seen by coils with known smooth sensitivities: k-space with known truth. */
import type { Runtime } from "../../../src/graph/mod.ts";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { type NdArray, zeros } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { evaluate } from "../support.ts";

/** What was simulated. */
export interface Scene {
  /** `[C, 2, H, W]`, both axes transformed, with noise. */
  readonly kspace: NdArray;
  /** Noise-free coil images `[C, 2, H, W]`. */
  readonly images: NdArray;
  /** True sensitivities of unit sum of squares `[C, 2, H, W]`. */
  readonly maps: NdArray;
  /** 1 inside the disc. */
  readonly inside: Uint8Array;
}

function smoothMaps(coils: number, height: number, width: number): NdArray {
  const maps = zeros([coils, 2, height, width]);
  const plane = height * width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = [2 * y / height - 1, 2 * x / width - 1];
      let norm = 0;
      for (let c = 0; c < coils; c++) {
        const angle = 2 * Math.PI * c / coils;
        const distance = (u - 1.1 * Math.cos(angle)) ** 2 + (v - 1.1 * Math.sin(angle)) ** 2;
        const strength = Math.exp(-0.6 * distance) + 0.05;
        const phase = angle + 0.8 * u * Math.cos(angle) - 0.6 * v;
        maps.data[2 * c * plane + y * width + x] = strength * Math.cos(phase);
        maps.data[(2 * c + 1) * plane + y * width + x] = strength * Math.sin(phase);
        norm += strength ** 2;
      }
      for (let p = 0; p < 2 * coils; p++) maps.data[p * plane + y * width + x] /= Math.sqrt(norm);
    }
  }
  return maps;
}

/** Simulates the scene. */
export async function scene(
  runtime: Runtime,
  { coils, height, width, sigma }: {
    coils: number;
    height: number;
    width: number;
    sigma: number;
  },
): Promise<Scene> {
  const maps = smoothMaps(coils, height, width);
  const plane = height * width;
  const inside = new Uint8Array(plane);
  const images = zeros(maps.shape);
  for (let i = 0; i < plane; i++) {
    const [v, u] = [2 * Math.floor(i / width) / height - 1, 2 * (i % width) / width - 1];
    if (u ** 2 + v ** 2 > 0.55) continue;
    inside[i] = 1;
    const texture = 0.8 + 0.2 * Math.sin(19 * u) * Math.cos(23 * v);
    for (let p = 0; p < 2 * coils; p++) {
      images.data[p * plane + i] = texture * maps.data[p * plane + i];
    }
  }
  const kspace = await evaluate(runtime, images, (x) => dft2(x));
  const noise = new Rng(11).normals(kspace.data.length);
  const noisy = kspace.data.map((value, i) => value + sigma * noise[i]);
  return { kspace: { data: noisy, shape: kspace.shape }, images, maps, inside };
}

/** What of the coil images lies outside the span of the maps, relative, within a region. */
export function projectionResidual(maps: NdArray, images: NdArray, inside: Uint8Array): number {
  const [coils, , height, width] = images.shape;
  const plane = height * width;
  let outside = 0;
  let all = 0;
  for (let i = 0; i < plane; i++) {
    if (inside[i] === 0) continue;
    let [re, im, energy] = [0, 0, 0];
    for (let c = 0; c < coils; c++) {
      const [a, b] = [maps.data[2 * c * plane + i], maps.data[(2 * c + 1) * plane + i]];
      const [u, v] = [images.data[2 * c * plane + i], images.data[(2 * c + 1) * plane + i]];
      re += a * u + b * v;
      im += a * v - b * u;
      energy += u ** 2 + v ** 2;
    }
    all += energy;
    outside += energy - re ** 2 - im ** 2;
  }
  return Math.sqrt(Math.max(0, outside) / all);
}

/** Coil images `[C, 2, H, W]` on a field of view of `height` rows about the centre, folded. */
export function folded(images: NdArray, height: number): NdArray {
  const [coils, , from, width] = images.shape;
  const out = zeros([coils, 2, height, width]);
  const shift = Math.floor(height / 2) - Math.floor(from / 2);
  for (let plane = 0; plane < 2 * coils; plane++) {
    for (let y = 0; y < from; y++) {
      const to = (((y + shift) % height) + height) % height;
      for (let x = 0; x < width; x++) {
        out.data[(plane * height + to) * width + x] += images.data[(plane * from + y) * width + x];
      }
    }
  }
  return out;
}
