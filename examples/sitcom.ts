/**
 * A sampler of one's own: SITCOM (Alkhouri et al., Step-wise triple-consistent diffusion sampling for
 * inverse problems, ICML 2025). At each noise level the input of the denoiser is optimised until its
 * output explains the data; then that output gets fresh noise of the next level:
 *
 *     v = argmin |A D(v) - y|^2 / 2 + lambda |v - x|^2 / 2, from x, by Adam through the denoiser,
 *         until |A D(v) - y| is the noise that is expected
 *     x' = D(v) + sigma' z
 *
 *     deno run -A examples/sitcom.ts
 * @module
 */
import { reconstruct, simulatedBrain } from "@larmor/larmor";
import { add, cast, greater, mul, reduceSum, reshape, sub, vjp } from "@larmor/larmor/graph";
import { adam, defineSampler, posteriorSteps } from "@larmor/larmor/samplers";

/**
 * Published: 20 levels of 20 Adam steps with rate 0.01, lambda 0 for linear problems. Here: few steps, from
 * the SENSE image; weight and rate were found on the example below.
 */
export const sitcom = defineSampler({
  name: "sitcom",
  summary: "the input of the denoiser optimised at each level, then fresh noise",
  citation: "Alkhouri et al., Step-wise triple-consistent diffusion sampling, ICML 2025",
  weightRole: "lambda, the weight of the distance from x",
  defaults: { steps: 20, weight: 0.3, inner: 5, rate: 0.05, sigmaMax: 0.4, sigmaMin: 0.5 },
  variables: { v: "x", mean: "zero", square: "zero" },
  scalars: ["count"],
  stepKinds: ({ weight, rate }) => ({
    /** One step of Adam on v; x stays as it is. */
    optimise({ x, state: { v, mean, square }, scalars: { count }, sigma, data, denoise }) {
      const D = denoise(v, sigma);
      const predicted = data.operator.forward(D);
      const residual = sub(predicted, data.y);
      const [pulled] = vjp([predicted], [v], [residual]);
      const gradient = add(pulled, mul(sub(v, x), weight));
      const next = adam({ x: v, mean, square }, gradient, { count, rate });
      // No further than the noise of the data: |residual|^2 is expected to be sigma_y^2 a sample.
      const [batch, ...shape] = residual.shape;
      const samples = shape.reduce((product, size) => product * size, 1);
      const misfit = reshape(reduceSum(mul(residual, residual), [1, 2, 3, 4]), [batch, 1, 1, 1]);
      const expected = mul(mul(data.sigma, data.sigma), samples);
      const isFar = cast(greater(misfit, expected), "float32");
      return { v: add(v, mul(sub(next.x, v), isFar)), mean: next.mean, square: next.square };
    },
    /** Fresh noise on what the optimised input gives; the next optimisation starts there. */
    renoise({ state: { v, mean, square }, sigma, sigmaNext, denoise, noise }) {
      const x = add(denoise(v, sigma), mul(sigmaNext, noise()));
      return { x, v: x, mean: mul(mean, 0), square: mul(square, 0) };
    },
  }),
  schedule: (settings, stats) =>
    posteriorSteps(settings, stats).flatMap(({ sigma, sigmaNext }) => [
      ...Array.from({ length: settings.inner }, (_, i) => ({
        kind: "optimise" as const,
        sigma,
        sigmaNext: sigma,
        scalars: { count: i + 1 },
      })),
      { kind: "renoise" as const, sigma, sigmaNext },
    ]),
});

/** PSNR over the head in dB, of SENSE and of the sampler. */
export async function compare(size = 96, steps = 20, samples = 2) {
  using kspace = await simulatedBrain({ size, coils: 4, noise: 0.02 });
  const options = { mask: "equispaced:R=3,acs=18", device: "cpu" } as const;
  const sense = await reconstruct(kspace, { ...options, method: "sense" });
  const own = await reconstruct(kspace, { ...options, method: sitcom, steps, samples });
  return { sense: sense.metrics!.head.psnr!, sitcom: own.metrics!.head.psnr!, nfe: own.nfe };
}

// deno-lint-ignore no-console
if (import.meta.main) console.log(await compare());
