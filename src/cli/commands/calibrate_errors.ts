/** `deno task calibrate-errors`: how wide the error bars of a method are to be. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { methodModelPath } from "../../method/method_model.ts";
import { readModelFolder } from "../../nn/mod.ts";
import {
  CALIBRATION_FILE,
  calibrationText,
  type ErrorCalibration,
  readCalibrations,
} from "../../recon/error_bars/calibration.ts";
import { type CalibrationCase, drawCases } from "../../recon/error_bars/cases.ts";
import { type Feature, featuresOf } from "../../recon/error_bars/features.ts";
import { calibrated } from "../../recon/error_bars/fit.ts";
import { errorsOfCase, type Ran } from "../../recon/error_bars/known_errors.ts";
import { DEFAULT_METHOD, findMethod, methodOptions, methods } from "../../recon/methods.ts";
import { volumePaths } from "../../train/volumes.ts";
import { jsonLine, textOf, writeText } from "../files.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE, NETWORK, SEED } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { count, index, oneOf, path, repetitions } from "../options/values.ts";

/** Methods that can be calibrated: the calibration stands in the folder of their network. */
const ABLE = methods.filter((method) => method.needsMaps && method.defaultModel !== undefined);

const OPTIONS = {
  data: option(
    "FOLDER",
    "NIfTI volumes of several people to simulate k-space from, none of whom the network was trained on; " +
      "volumes whose names begin with the same two words (up to the second _) are of one person",
    path,
  ),
  output: option("DIR", "folder of the results. Default: calibrate-errors/<method>", path),
  runs: option("N", "acquisitions for each person", count, "6"),
  cut: option(
    "N",
    "further acquisitions for each person of an object that the field of view cuts: their coil maps are wrong, " +
      "and show how wide error bars must be where the audit is suspicious",
    index,
    "2",
  ),
  model: { ...NETWORK, summary: `${NETWORK.summary}. Default: that of the method` },
  samples: option("N", "posterior samples, of methods that draw them", repetitions),
  ...SEED,
  ...DEVICE,
  ...COMMON,
};

export const calibrateErrors = command({
  usage: "deno task calibrate-errors [METHOD] --data FOLDER [options]",
  about:
    "Calibrates the error bars of a method: simulates acquisitions of volumes whose truth is known, " +
    "reconstructs them, and finds how large the errors are where the image, the coils and a second " +
    "opinion look as they do. Each person is also judged by a calibration on the others. Writes " +
    `${CALIBRATION_FILE}, which belongs in the folder of the model, and cases/, which a later run goes on ` +
    "from. METHOD is the default method if it is left out.",
  options: OPTIONS,
  examples: [
    "deno task calibrate-errors --data ../shared/data/validation",
    "deno task calibrate-errors diffpir --data ../shared/data/validation --runs 8",
  ],
}, async (request, context) => {
  const { inputs, data, runs, cut, seed, json, quiet, model, samples } = request;
  const name = oneOf(ABLE.map(({ name }) => name))(inputs[0] ?? DEFAULT_METHOD, "METHOD");
  if (data === undefined) {
    throw new UsageError("Cannot calibrate without volumes: --data FOLDER is required");
  }
  const method = findMethod(name);
  const modelFolder = await methodModelPath(method, model);
  const { sha256, kind } = (await readModelFolder(modelFolder)).description;
  const names = featuresOf(1, kind === "denoiser");
  const folder = request.output ?? join("calibrate-errors", name);
  const cases = drawCases(await volumePaths(data), { runs, cut, seed });
  const options = methodOptions(method, { model, samples });
  const ran: Ran[] = [];
  await Deno.mkdir(join(folder, "cases"), { recursive: true });
  for (const found of cases) {
    context.signal.throwIfAborted();
    const file = join(folder, "cases", `${found.seed}${found.cut ? "-cut" : ""}.json`);
    const start = performance.now();
    const before = await caseBefore(file, found, { sha256, names });
    const one = before ?? await errorsOfCase(request, found, { method, options });
    if (before === undefined) await writeText(file, JSON.stringify(one));
    ran.push(one);
    const seconds = (performance.now() - start) / 1000;
    if (!quiet) context.console.err(`${ran.length} of ${cases.length}  ${lineOf(one, seconds)}\n`);
  }
  const made = calibrated(ran.map(({ errors }) => errors), { method: name, solver: ran[0].solver });
  const others = await readCalibrations(modelFolder);
  const file = join(folder, CALIBRATION_FILE);
  await writeText(file, calibrationText(others.set(name, made).values()));
  context.console.out(json ? jsonLine(made) : textOf([...table(made), `  ${file}`]));
  return 0;
});

/** What an earlier run found of a case, with the same network and features (and the spread of samples). */
async function caseBefore(
  file: string,
  found: CalibrationCase,
  { sha256, names }: { readonly sha256: string; readonly names: readonly Feature[] },
) {
  const text = await Deno.readTextFile(file).catch(() => undefined);
  if (text === undefined) return undefined;
  const { solver, errors } = JSON.parse(text) as Ran;
  const isSame = JSON.stringify(errors.found) === JSON.stringify(found) &&
    solver.model?.sha256 === sha256 &&
    `${errors.names?.filter((name) => name !== "spread")}` === `${names}`;
  return isSame ? { solver, errors } : undefined;
}

function lineOf({ errors: { found, acquired } }: Ran, seconds: number): string {
  const { person, mask } = found;
  return `${person}, ${mask}, ${acquired.coils} coils, noise ${acquired.noise.toPrecision(2)}, ` +
    `${seconds.toFixed(0)} s`;
}

function table({ method, people, slices, measured }: ErrorCalibration): string[] {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  const { coverage, ofPeople, byWidth, byAcceleration } = measured;
  return [
    `${method}: ${people} people, ${slices} slices; each person by a calibration on the others:`,
    `  coverage          ${percent(coverage)} (people ${ofPeople.map(percent).join(" to ")})`,
    `  by width          ${byWidth.map(percent).join(", ")}`,
    ...Object.entries(byAcceleration).map(([name, part]) =>
      `  ${name.padEnd(16)}  ${percent(part)}`
    ),
    `  rank correlation  ${measured.rankCorrelation.toFixed(3)}`,
    `  mean width        ${measured.relativeWidth.toFixed(2)} of the constant one`,
    `  PSNR bound        holds on ${percent(measured.psnrHolds)} of slices, ` +
    `${measured.psnrGap.toFixed(1)} dB below in the median`,
  ];
}
