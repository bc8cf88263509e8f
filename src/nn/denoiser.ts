/**
 * Denoisers, and how diffusion networks of other kinds become denoisers.
 *
 * Coordinates are always variance-exploding: `x = x0 + sigma n` with `n` standard normal in each of
 * the real and imaginary parts. A denoiser gives `E[x0 | x]`, so the score is `(D - x) / sigma^2`.
 * Each other prediction of a network is converted by one function, as in T. Karras et al.,
 * "Elucidating the design space of diffusion-based generative models", NeurIPS 2022, table 1.
 * @module
 */
import { add, div, log, mul, reciprocal, reshape, sqrt, sub, type Tensor } from "../graph/mod.ts";

/**
 * A denoiser: `(x [N, 2, H, W], sigma [N, 1, 1, 1]) -> E[x0 | x = x0 + sigma n] [N, 2, H, W]`.
 * @throws {InputError} for a size that the network cannot take
 */
export interface Denoiser {
  (x: Tensor, sigma: Tensor): Tensor;
  /** Images that it takes at once, `[N, 2 sets, H, W]`: the three colours of a picture. Default: 1. */
  readonly sets?: number;
}

/**
 * The denoiser on images of several sets of coil maps, `[N, 2 S, H, W]` (see `coilSets`): it sees each as
 * an image of its own.
 * @returns a denoiser that takes sigma `[1, 1, 1, 1]` where S is above 1
 */
export function setwise(denoise: Denoiser): Denoiser {
  return (x, sigma) => {
    if (denoise.sets !== undefined) return denoise(x, sigma);
    return eachSet(x, (image) => denoise(image, sigma));
  };
}

/** A function of images `[N, 2, H, W]` on those of several sets of coil maps, `[N, 2 S, H, W]`, one by one. */
export function eachSet(x: Tensor, apply: (image: Tensor) => Tensor): Tensor {
  const [batch, parts, ...size] = x.shape;
  if (parts === 2) return apply(x);
  return reshape(apply(reshape(x, [batch * parts / 2, 2, ...size])), x.shape);
}

/** A network as it was trained: image and noise level in its own coordinates. */
export type Network = (x: Tensor, noise: Tensor) => Tensor;

/** The coefficients of EDM preconditioning (Karras et al. 2022, table 1), each `[N, 1, 1, 1]`. */
export interface EdmCoefficients {
  /** Factor of the noisy image in the result. */
  readonly skip: Tensor;
  /** Factor of the network's output. */
  readonly out: Tensor;
  /** Scale that brings the noisy image to variance 1. */
  readonly in: Tensor;
  /** The network's noise input: ln(sigma) / 4. */
  readonly noise: Tensor;
}

/**
 * EDM preconditioning at a noise level.
 * @param sigma `[N, 1, 1, 1]`
 * @param sigmaData standard deviation of the real and imaginary part of the images
 */
export function edmCoefficients(sigma: Tensor, sigmaData: number): EdmCoefficients {
  const data2 = sigmaData ** 2;
  const variance = add(mul(sigma, sigma), data2);
  const scale = reciprocal(sqrt(variance));
  return {
    skip: mul(reciprocal(variance), data2),
    out: mul(mul(sigma, scale), sigmaData),
    in: scale,
    noise: mul(log(sigma), 0.25),
  };
}

/** `D = c_skip x + c_out F(c_in x, ln(sigma) / 4)` (Karras et al. 2022, eq. 7). */
export function edmDenoiser(network: Network, sigmaData: number): Denoiser {
  return (x, sigma) => {
    const c = edmCoefficients(sigma, sigmaData);
    return add(mul(c.skip, x), mul(c.out, network(mul(c.in, x), c.noise)));
  };
}

/** A network that gives the clean image from `x` and sigma themselves. */
export function x0Denoiser(network: Network, noiseInput: NoiseInput): Denoiser {
  return (x, sigma) => network(x, noiseInput(sigma));
}

/** A network that gives the score: `D = x + sigma^2 s(x, sigma)` (Tweedie's formula). */
export function scoreDenoiser(network: Network, noiseInput: NoiseInput): Denoiser {
  return (x, sigma) => add(x, mul(mul(sigma, sigma), network(x, noiseInput(sigma))));
}

/**
 * A variance-preserving network that predicts the noise: with alpha-bar = 1 / (1 + sigma^2),
 * `D = x - sigma eps(x sqrt(alpha-bar), t)` (Ho et al. 2020).
 */
export function epsilonDenoiser(network: Network, noiseInput: NoiseInput): Denoiser {
  return (x, sigma) => sub(x, mul(sigma, network(preserving(x, sigma), noiseInput(sigma))));
}

/**
 * A variance-preserving network that predicts `v = sqrt(alpha-bar) n - sqrt(1 - alpha-bar) x0`
 * (Salimans and Ho 2022): `D = alpha-bar x - sigma sqrt(alpha-bar) v`.
 */
export function velocityDenoiser(network: Network, noiseInput: NoiseInput): Denoiser {
  return (x, sigma) => {
    const variance = add(mul(sigma, sigma), 1);
    const v = network(preserving(x, sigma), noiseInput(sigma));
    return sub(div(x, variance), mul(div(sigma, sqrt(variance)), v));
  };
}

/**
 * Flow matching on the straight path `(1 - t) x0 + t n`, with velocity `n - x0` (Lipman et al. 2023):
 * t = sigma / (1 + sigma), `D = (1 - t) x - t v((1 - t) x, t)`.
 */
export function flowDenoiser(network: Network, noiseInput: NoiseInput = flowTime): Denoiser {
  return (x, sigma) => {
    const keep = reciprocal(add(sigma, 1));
    const onPath = mul(keep, x);
    return sub(onPath, mul(mul(sigma, keep), network(onPath, noiseInput(sigma))));
  };
}

function preserving(x: Tensor, sigma: Tensor): Tensor {
  return div(x, sqrt(add(mul(sigma, sigma), 1)));
}

/** The noise input of a network as a function of sigma, both `[N, 1, 1, 1]`. */
export type NoiseInput = (sigma: Tensor) => Tensor;

/** The time of the straight path, sigma / (1 + sigma). */
export function flowTime(sigma: Tensor): Tensor {
  return div(sigma, add(sigma, 1));
}
