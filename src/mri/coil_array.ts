/**
 * Receive sensitivities of an array of loop coils round the object, by Biot and Savart's law.
 *
 * The field of a circular loop in closed form (complete elliptic integrals): J. Simpson, J. Lane,
 * C. Immer, R. Youngquist, "Simple analytic expressions for the magnetic field of a circular
 * current loop", NASA, 2001. A loop receives `B1x - i B1y` of the field that it would
 * make (reciprocity: D. Hoult and R. Richards, J. Magn. Reson. 24:71, 1976).
 *
 * Lengths are in units of the image: x from -1/2 to 1/2 along W, y along H, z across the slice.
 * @module
 */
import {
  add,
  concat,
  constant,
  div,
  max,
  mul,
  reduceSum,
  reshape,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import { centredOffsets } from "./smooth_field.ts";

/** Numbers per loop: centre x, y, z; axis x, y; radius; cosine and sine of its phase. */
export const LOOP_COLUMNS = 8;

/** Coils that one ring round the object holds; more coils stand in several rings along z. */
const RING = 16;
/**
 * Distance of the loops from the middle, in units of the image. The corners of the image are at 0.71, so
 * no wire comes near to a pixel and the maps stay smooth.
 */
const ARRAY_RADIUS = 0.86;
/** Radius of a loop over the spacing of the loops' centres: neighbours overlap, as built arrays do. */
const OVERLAP = 0.6;
/** Largest radius of a loop, so that few coils are still local. */
const MAX_LOOP_RADIUS = 0.4;
/** Standard deviation of a loop's place in its ring over the spacing, and twice that of its distance. */
const JITTER = 0.08;

/** Radii below which a point is on a loop's axis, in units of the image: keeps float32 from 0 / 0. */
const ON_AXIS = 1e-3;
/** Steps of the arithmetic-geometric mean; each doubles the digits, so float32 needs four. */
const MEAN_STEPS = 4;

/**
 * Places loops in rings round the object, with small random differences.
 * @returns `[coils, 8]`
 */
export function placeLoops(rng: Rng, coils: number): NdArray {
  const rings = Math.ceil(coils / RING);
  const data = new Float32Array(coils * LOOP_COLUMNS);
  for (let coil = 0; coil < coils; coil++) {
    const ring = coil % rings;
    const inRing = Math.ceil((coils - ring) / rings);
    const spacing = 2 * Math.PI / inRing;
    const place = Math.floor(coil / rings) + ring / rings + JITTER * rng.normal();
    const radius = Math.min(MAX_LOOP_RADIUS, OVERLAP * spacing * ARRAY_RADIUS);
    const away = ARRAY_RADIUS * (1 + 0.5 * JITTER * Math.abs(rng.normal()));
    const angle = spacing * place;
    const across = radius / OVERLAP * (ring - (rings - 1) / 2);
    const phase = 2 * Math.PI * rng.uniform();
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    data.set(
      [away * cos, away * sin, across, -cos, -sin, radius, Math.cos(phase), Math.sin(phase)],
      coil * LOOP_COLUMNS,
    );
  }
  return { data, shape: [coils, LOOP_COLUMNS] };
}

/**
 * Complete elliptic integrals K and E by the arithmetic-geometric mean (Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 17.6): with a0 = 1, b0 = k' and c_n = (a - b) / 2,
 * K = pi / (2 a) and E = K (1 - k^2 / 2 - sum 2^(n-1) c_n^2).
 * @param complementary the modulus k' = sqrt(1 - k^2), above 0
 */
function ellipticIntegrals(complementary: Tensor): { K: Tensor; E: Tensor } {
  let a = mul(add(complementary, 1), 0.5), b = sqrt(complementary);
  let c = mul(sub(1, complementary), 0.5);
  let deficit = mul(add(mul(complementary, complementary), 1), 0.5); // 1 - k^2 / 2
  for (let n = 1; n <= MEAN_STEPS; n++) {
    deficit = sub(deficit, mul(mul(c, c), 2 ** (n - 1)));
    c = mul(sub(a, b), 0.5);
    [a, b] = [mul(add(a, b), 0.5), sqrt(mul(a, b))];
  }
  const K = div(Math.PI / 2, a);
  return { K, E: mul(K, deficit) };
}

/**
 * Field of a circular loop, up to a factor (Simpson et al. 2001, in cylindrical coordinates).
 * @param R radius of the loop
 * @param rho distance from its axis, above 0
 * @param z distance from its plane
 * @returns the component along the axis, and the one away from it divided by rho
 */
function loopField(R: Tensor, rho: Tensor, z: Tensor): { axial: Tensor; radialOverRho: Tensor } {
  const squaredR = mul(R, R);
  const squaredRho = mul(rho, rho);
  const squaredDistance = add(squaredRho, mul(z, z));
  const both = add(squaredR, squaredDistance), twice = mul(mul(R, rho), 2);
  const alpha2 = sub(both, twice), beta = sqrt(add(both, twice));
  const { K, E } = ellipticIntegrals(div(sqrt(alpha2), beta));
  const common = mul(alpha2, beta);
  const alpha2K = mul(alpha2, K);
  return {
    axial: div(add(mul(sub(squaredR, squaredDistance), E), alpha2K), common),
    radialOverRho: div(mul(z, sub(mul(both, E), alpha2K)), mul(common, squaredRho)),
  };
}

/** Positions of pixels in units of the larger side: x `[1, 1, 1, W]`, y `[1, 1, H, 1]`. */
function positions(height: number, width: number): { x: Tensor; y: Tensor } {
  const scale = 1 / Math.max(height, width);
  const grid = (size: number) => Float32Array.from(centredOffsets(size), (i) => i * scale);
  return {
    x: constant({ data: grid(width), shape: [1, 1, 1, width] }),
    y: constant({ data: grid(height), shape: [1, 1, height, 1] }),
  };
}

/**
 * Complex receive field of loops.
 * @param loops `[C, 8]`; see `placeLoops`
 * @returns `[C, 2, H, W]`
 */
function receiveFields(loops: Tensor, height: number, width: number): Tensor {
  const columns = Array.from(
    { length: LOOP_COLUMNS },
    (_, i) => reshape(slice(loops, 1, i, i + 1), [loops.shape[0], 1, 1, 1]),
  );
  const [cx, cy, cz, nx, ny, radius, cosine, sine] = columns;
  const { x, y } = positions(height, width);
  const dx = sub(x, cx), dy = sub(y, cy);
  const z = add(mul(dx, nx), mul(dy, ny)); // along the axis of the loop
  const rx = sub(dx, mul(z, nx)), ry = sub(dy, mul(z, ny)); // away from the axis
  const squaredRho = add(add(mul(rx, rx), mul(ry, ry)), mul(cz, cz));
  const rho = sqrt(max(squaredRho, ON_AXIS * ON_AXIS));
  const { axial, radialOverRho } = loopField(radius, rho, z);
  const bx = add(mul(axial, nx), mul(radialOverRho, rx));
  const by = add(mul(axial, ny), mul(radialOverRho, ry));
  // (bx - i by) exp(i phase)
  const re = add(mul(bx, cosine), mul(by, sine));
  const im = sub(mul(bx, sine), mul(by, cosine));
  return concat([re, im], 1);
}

/**
 * Sensitivity maps of loops, with sum of squares 1 over coils in every pixel.
 * @param loops `[C, 8]`; see `placeLoops`
 * @returns `[C, 2, H, W]`
 */
export function loopMaps(loops: Tensor, height: number, width: number): Tensor {
  const fields = receiveFields(loops, height, width);
  const power = reduceSum(mul(fields, fields), [0, 1], { keepDims: true });
  return div(fields, sqrt(power));
}
