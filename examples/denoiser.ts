/**
 * A prior of one's own without a network: denoising by total variation, used by plug-and-play ADMM in
 * place of the model that ships with Larmor. Any function of symbolic tensors is a prior.
 *
 *     deno run -A examples/denoiser.ts
 * @module
 */
import { reconstruct, simulatedBrain } from "@larmor/larmor";
import { add, concat, div, max, mul, slice, sqrt, sub, type Tensor } from "@larmor/larmor/graph";
import { squaredMagnitude } from "@larmor/larmor/mri";
import type { Denoiser } from "@larmor/larmor/nn";

/** Iterations of the dual; more change the images of this example by less than 0.1 dB. */
const ITERATIONS = 10;
/** Regularisation parameter in units of the noise; chosen on this example. */
const STRENGTH = 0.35;
/** Step size of the dual: 1 over the squared norm of the gradient in two dimensions. */
const STEP = 1 / 8;

/** The image moved by some pixels along an axis, round the edge. */
function rolled(x: Tensor, axis: number, by: number): Tensor {
  const cut = by > 0 ? x.shape[axis] - by : -by;
  return concat([slice(x, axis, cut, x.shape[axis]), slice(x, axis, 0, cut)], axis);
}

const AXES = [2, 3];
/** Differences of neighbours along both image axes, and the adjoint of that. */
const gradient = (x: Tensor) => AXES.map((axis) => sub(rolled(x, axis, -1), x));
const gradientAdjoint = (p: readonly Tensor[]) =>
  p.map((part, i) => sub(rolled(part, AXES[i], 1), part)).reduce((a, b) => add(a, b));

/** Argmin of |x - x0|^2 / 2 + lambda TV(x0), by projected gradient on the dual (Chambolle 2004). */
export const denoiser: Denoiser = (x, sigma) => {
  const lambda = mul(sigma, STRENGTH);
  let p = gradient(mul(x, 0));
  for (let i = 0; i < ITERATIONS; i++) {
    const ascent = gradient(sub(div(x, lambda), gradientAdjoint(p)));
    const moved = p.map((part, k) => add(part, mul(ascent[k], STEP)));
    // Real and imaginary parts share their edges: each pixel's p has a length of at most 1.
    const length = sqrt(moved.map(squaredMagnitude).reduce((a, b) => add(a, b)));
    p = moved.map((part) => div(part, max(length, 1)));
  }
  return sub(x, mul(gradientAdjoint(p), lambda));
};

/** PSNR over the head in dB, of the methods that are compared. */
export async function compare(size = 96): Promise<Record<string, number>> {
  using kspace = await simulatedBrain({ size, coils: 4, noise: 0.03 });
  const options = { mask: "equispaced:R=3,acs=18", device: "cpu" } as const;
  const psnr = async (method: object) =>
    (await reconstruct(kspace, { ...options, ...method })).metrics!.head.psnr!;
  return {
    sense: await psnr({ method: "sense" }),
    tv: await psnr({ method: "tv" }),
    "pnp-admm with own prior": await psnr({ method: "pnp-admm", model: denoiser }),
  };
}

// deno-lint-ignore no-console
if (import.meta.main) console.log(await compare());
