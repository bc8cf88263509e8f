/**
 * CSGM: the image is one that a trained generator makes.
 *
 * A. Bora, A. Jalal, E. Price, A. G. Dimakis, "Compressed sensing using generative models", ICML 2017:
 * ```
 * z = argmin |A G(z) - y|^2 + lambda |z|^2,  by Adam from random z, `restarts` times; the best fit is kept
 * ```
 * Published: lambda 0.1 (MNIST, a VAE; 10 restarts of 1000 steps) and 0.001 (CelebA, a DCGAN; 2 of 500), and
 * 5 to 10 times fewer Gaussian measurements than the Lasso at equal error, until the error of the range
 * itself is reached. With y = |A G(z)| it is phase retrieval (P. Hand, O. Leong, V. Voroninski, "Phase
 * retrieval under a generative prior", NeurIPS 2018; their Deep Phase Retrieval descends from z and from -z;
 * here restarts do that).
 *
 * DGP: X. Pan et al., "Exploiting deep generative prior for versatile image restoration and manipulation", ECCV 2020:
 * ```
 * z, theta = argmin |A G(z; theta) - y|^2,  theta layer by layer, the first first (progressive)
 * ```
 * The paper measures the distance in features of the GAN's discriminator; a VAE has none, so this is the
 * plain squared error of CSGM.
 *
 * Here lambda is in units of the noise's variance, where 1 is the posterior's mode for exact data. The
 * generator's picture is interpolated to the size of the image, and has no imaginary part.
 * @module
 */
import { InputError } from "../errors.ts";
import { modelPath } from "../nn/mod.ts";
import { type GeneratorMethod, searchSettings } from "./core/contract.ts";
import { compileSearch, type LatentSearch } from "./core/latent_search.ts";
import { loadGenerator } from "./networks/generator.ts";

/** The generator that is used when none is named. */
export const DEFAULT_GENERATOR = "generator-head";

const CSGM: LatentSearch = { steps: 300, restarts: 8, rate: 0.1, weight: 1 };
const DGP: LatentSearch = { ...CSGM, tuneSteps: 200, tuneRate: 0.002 };

/** CSGM. */
export const csgm: GeneratorMethod = generatorMethod({
  name: "csgm",
  summary: "the image of a trained generator that fits the data best",
  citation:
    "Bora et al., Compressed sensing using generative models, ICML 2017; phase retrieval: " +
    "Hand et al., Phase retrieval under a generative prior, NeurIPS 2018",
  defaults: CSGM,
});

/** DGP: CSGM, and then the weights. */
export const dgp: GeneratorMethod = generatorMethod({
  name: "dgp",
  summary: "csgm, and then the generator's weights move too, layer by layer",
  citation: "Pan et al., Exploiting deep generative prior for versatile image restoration and " +
    "manipulation, ECCV 2020",
  defaults: DGP,
});

function generatorMethod(
  about: Pick<GeneratorMethod, "name" | "summary" | "citation"> & { defaults: LatentSearch },
): GeneratorMethod {
  return {
    ...about,
    weightRole: "lambda, the weight of |z|^2 beside the misfit",
    defaultModel: DEFAULT_GENERATOR,
    async compile(runtime, measurement, options = {}) {
      const { model = DEFAULT_GENERATOR } = options;
      if (typeof model !== "string") {
        throw new InputError(`Cannot search with this model: the name of a generator is required`);
      }
      const loaded = await loadGenerator(await modelPath(model));
      const settings = searchSettings(about.name, about.defaults, options);
      return await compileSearch(runtime, about.name, measurement, loaded, settings);
    },
  };
}
