/** Options that several commands have, spelt alike in all of them. @module */
import type { MapSets } from "../../mri/calibration/calibrate.ts";
import { UsageError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/mod.ts";
import { FOURIER_SIGNS } from "../../mrd/fourier_sign.ts";
import { methods } from "../../recon/methods.ts";
import { checkOrientation } from "../../recon/orientation.ts";
import { option } from "./table.ts";
import {
  axes,
  index,
  listOf,
  mask,
  oneOf,
  path,
  relative,
  repetitions,
  settings,
  threads,
} from "./values.ts";
import { SIMULATION, simulation, sliceBounds, tunedSettings } from "./values.ts";

const DEVICES = ["auto", "cpu", "webgpu", "cuda"] as const satisfies readonly DeviceRequest[];

export const METHOD_NAMES: readonly string[] = methods.map(({ name }) => name);

/** What `all` stands for: methods that run without `--model`. */
export const READY_METHODS: readonly string[] = methods
  .filter(({ defaultModel }) => defaultModel !== null).map(({ name }) => name);

/** Options of every command, whatever else it has. */
export const HELP = {
  version: { summary: "print the version and stop" },
  help: { summary: "print this help and stop (also -h)" },
};

/** Options of how much is printed on stderr. */
const LOUDNESS = {
  quiet: { summary: "print no progress and no warnings" },
  verbose: { summary: "print the stack of an internal error" },
};

/** Options of every command that ends with a result. */
export const COMMON = {
  config: option(
    "FILE",
    "YAML file with these options, and the inputs as input: [PATH, ...]. The command line " +
      "wins; --no-FLAG turns a flag off",
    path,
  ),
  json: { summary: "print the result as one line of JSON on stdout" },
  ...LOUDNESS,
  ...HELP,
};

/** Options of a server: its config file is a recipe, its output a log. */
export const SERVICE = {
  config: option(
    "FILE",
    "YAML file of the default recipe (method: tv). Default: the default method",
    path,
  ),
  quiet: { summary: "log errors and warnings only" },
  verbose: { summary: "log more" },
  ...HELP,
};

export const DEVICE = {
  device: option(
    "NAME",
    "auto, cpu, webgpu or cuda; auto takes cuda, else a hardware WebGPU adapter, else cpu",
    oneOf(DEVICES),
    "auto",
  ),
  threads: option("N", "threads of the processor for one graph. Default: all cores", threads),
};

export const INPUT = {
  simulate: option(
    "SPEC",
    "the input is an image; simulate k-space from it: coils=8,noise=0.02,seed=0 (each may " +
      "be left out; noise is relative to bright tissue)",
    simulation,
  ),
  domain: option(
    "NAME",
    "kspace: a complex NIfTI file holds k-space. Default: image for NIfTI, kspace for other files",
    oneOf(["image", "kspace"]),
  ),
  axes: option(
    "NAMES",
    "what the axes of a plain array (.npy, .cfl, NIfTI k-space, HDF5) are, in the order in which the " +
      "report lists them: coil, slice, readout, phase1, phase2, time, echo, ..., separated by commas; " +
      "parts for real and imaginary parts. Default: found from the format and the data",
    axes,
  ),
  dc: option(
    "NAME",
    "where the centre of k-space lies: centre, or corner as numpy.fft has it. Default: auto, " +
      "where the energy is",
    oneOf(["auto", "centre", "corner"]),
  ),
  origin: option(
    "NAME",
    "where the image has its origin: centre, or corner as numpy.fft has it. Default: auto, " +
      "where the edges do not cut the object",
    oneOf(["auto", "centre", "corner"]),
  ),
  orientation: option(
    "CODE",
    "directions in which column, row and slice of the images increase, for a file that does not say " +
      "it: one of each pair R/L, A/P, S/I, such as LPS. Default: that of the file, or unknown",
    checkOrientation,
  ),
  group: option("NAME", "group of an ISMRMRD file. Default: the only group, or dataset", path),
  encoding: option(
    "N",
    "encoding of an ISMRMRD file. Default: that of its first image line",
    index,
  ),
  "fourier-sign": option(
    "SIGN",
    "sign of the exponent of k-space: + where the image is its forward DFT, - where it is the " +
      "inverse DFT. auto: + for raw data whose header names Siemens, - for all others",
    oneOf(FOURIER_SIGNS),
    "auto",
  ),
  measurement: option(
    "N",
    "measurement of a Siemens twix file, counted from 0. Default: the last one with an image",
    index,
  ),
  slices: {
    ...option("A:B", "slices A to B - 1, counted from 0. Default: all slices", sliceBounds),
    joint: ":",
  },
};

export function checkInput(
  { simulate, domain, fourierSign, ...layout }: {
    readonly simulate?: unknown;
    readonly domain?: string;
    readonly fourierSign?: string;
    readonly axes?: unknown;
    readonly dc?: string;
    readonly origin?: string;
  },
): void {
  const option = (["axes", "dc", "origin"] as const).find((name) => layout[name] !== undefined);
  if (simulate !== undefined && option !== undefined) {
    throw new UsageError(
      `Cannot combine --simulate with --${option}: it is for k-space, and the input is an image`,
    );
  }
  if (simulate !== undefined && fourierSign === "+") {
    throw new UsageError(
      "Cannot combine --simulate with --fourier-sign +: simulated k-space has the sign -",
    );
  }
  if (simulate === undefined || domain !== "kspace") return;
  throw new UsageError(
    "Cannot combine --simulate with --domain kspace: an image is required to simulate from",
  );
}

const MAP_SETS = ["auto", "1", "2"] as const;

/** The number of sets that an option names. */
export const mapSetsOf = (text: typeof MAP_SETS[number]): MapSets =>
  text === "auto" ? text : text === "1" ? 1 : 2;

export const MAPS = {
  maps: option(
    "FILE",
    "coil sensitivity maps (.cfl or .npy). Default: calibrated from the calibration region",
    path,
  ),
  calibration: option(
    "NAME",
    "espirit, or adaptive (faster, less exact maps). Default: espirit",
    oneOf(["espirit", "adaptive"]),
  ),
  "map-sets": option(
    "N",
    "sets of coil maps: 1, 2 (an object that is larger than the field of view is folded onto " +
      "itself, and one set does not explain it), or auto: 2 where the calibration shows it",
    oneOf(MAP_SETS),
    "auto",
  ),
};

export const NETWORK = option(
  "NAME|PATH",
  "network: a name in models/, a folder, or an ONNX file with model.yaml beside it",
  path,
);

export const METHOD = {
  model: { ...NETWORK, summary: `${NETWORK.summary}. Default: that of the method` },
  steps: option("N", "iterations or steps. Default: those of the method", repetitions),
  weight: option(
    "X",
    "factor on the weight of the prior: above 1 trusts the prior more, below 1 the data. The weight " +
      "itself follows from the noise and the acceleration. Default: 1",
    relative,
  ),
  samples: option(
    "N",
    "posterior samples of methods that draw them; the image is their mean. Default: those " +
      "of the method",
    repetitions,
  ),
  set: {
    ...option(
      "NAME=X,...",
      "settings of a sampler, such as eta=1,cg=6; deno task tune finds good ones. May be " +
        "given several times. Default: those of the method",
      settings,
    ),
    multiple: true,
  },
  settings: option(
    "FILE",
    "settings that deno task tune found: the best draw of its file, for the method that it tuned. " +
      "--set goes over them",
    tunedSettings,
  ),
};

export const MASK = {
  mask: option(
    "SPEC",
    "undersample a fully sampled input: full, equispaced:R=4,acs=24, " +
      "random:R=4,acs=24,seed=1, poisson:R=6,acs=24, partial:fraction=0.75, or a file (.npy, .cfl, " +
      "text of 0 and 1). R is the acceleration, acs the number of central calibration lines (left out, it follows " +
      "from R). " +
      "Default: all that was acquired",
    mask,
  ),
};

export const SEED = {
  seed: { value: "N", summary: "seed of all random numbers", ...SIMULATION.seed },
};

export const METHODS = {
  methods: option(
    "LIST",
    "methods (below) separated by commas, or all",
    listOf(METHOD_NAMES, "method", READY_METHODS),
  ),
};

export const SIMULATION_OPTIONS = {
  coils: { value: "N", summary: "number of simulated coils", ...SIMULATION.coils },
  noise: {
    value: "X",
    summary:
      "standard deviation of the noise of real and imaginary part, relative to bright tissue",
    ...SIMULATION.noise,
  },
  ...SEED,
};
