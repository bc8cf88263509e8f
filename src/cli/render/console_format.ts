/** Plans and results as people read them. @module */
import { axesText } from "../../io/axes.ts";
import type { RegionMetrics } from "../../mri/metrics/metrics.ts";
import type { Plan } from "../../recon/plan.ts";
import type { ReconReport, ReportMask } from "../../recon/report.ts";
import { memory } from "../../number_format.ts";
import { textOf } from "../files.ts";
import { duration } from "./progress.ts";

export function reportText(report: ReconReport): string {
  const { input, method, device, mask, seconds, metrics, outputs } = report;
  const sampling = mask.acceleration === 1 ? `all lines${paddingText(mask)}` : maskText(mask);
  return textOf([
    `${input.path}: ${method}, ${sampling}, on ${device}, ${duration(seconds.total)}`,
    ...signLine(input.fourierSign),
    `  axes   ${axesText(input.axes.map((name, i) => ({ name, size: input.shape[i] })))}`,
    ...coilsLine(report.coils),
    ...(metrics ? [metricsText("head ", metrics.head), metricsText("whole", metrics.whole)] : []),
    ...auditLines(report.audit),
    ...errorBarLines(report.errorBars),
    ...addedLines(report.added),
    ...Object.values(outputs).map((path) => `  ${path}`),
  ]);
}

function signLine(taken: ReconReport["input"]["fourierSign"]): string[] {
  return taken === null ? [] : [`  Fourier sign ${taken.sign} (${taken.from})`];
}

/** What was done about the coils, if anything was. */
function coilsLine({ count, whitened, compressed, energyKept, leftOut }: ReconReport["coils"]) {
  const done = [
    ...(leftOut.length > 0 ? [`without ${leftOut.join(", ")}`] : []),
    ...(whitened === null
      ? []
      : [`noise whitened from ${whitened === "data" ? "the data" : whitened}`]),
    ...(compressed === null
      ? []
      : [`compressed to ${compressed} (${(100 * (energyKept ?? 1)).toFixed(2)} % of the energy)`]),
  ];
  return done.length === 0 ? [] : [`  coils  ${count}, ${done.join(", ")}`];
}

function metricsText(name: string, { psnr, ssim, nmse }: RegionMetrics): string {
  const decibel = psnr === null ? "identical" : `${psnr.toFixed(2)} dB`;
  return `  ${name}  PSNR ${decibel}  SSIM ${ssim.toFixed(4)}  NMSE ${nmse.toPrecision(3)}`;
}

/** The verdict with its figures, and the reasons below it. */
function auditLines(audit: ReconReport["audit"]): string[] {
  if (audit === null) return [];
  const { verdict, data, image, reasons, consistency, prediction } = audit;
  const which = verdict === "consistent" ? verdict : `${verdict} (data ${data}, image ${image})`;
  const digits = (value: number) => value.toPrecision(3);
  const predicted = prediction &&
    `prediction error ${digits(prediction.error)} (sense ${digits(prediction.sense)})`;
  const figures = [which, `chi-square ${digits(consistency.chiSquare)}`, predicted];
  return [
    `  audit  ${figures.filter((text) => text !== null).join(", ")}`,
    ...reasons.map((reason) => `    ${reason}`),
  ];
}

/** What the error bars are by, and the bound on the PSNR. */
function errorBarLines(errorBars: ReconReport["errorBars"]): string[] {
  if (errorBars === null) return [];
  const { given, coverage, people, widened, remarks, psnr } = errorBars;
  if (!given || psnr === null) return [`  errors not given: ${remarks.join("; ")}`];
  const wider = widened > 1
    ? `, widened ${Number(widened.toPrecision(3))} times: ${remarks.join("; ")}`
    : "";
  return [
    `  errors ${100 * coverage} % bars, calibrated on ${people} people${wider}`,
    `         PSNR over the head at least ${
      psnr.bound.toFixed(1)
    } dB, for 90 % of slices like those`,
  ];
}

/** What the method added to the data. */
function addedLines(added: ReconReport["added"]): string[] {
  if (added === null) return [];
  const { share, count, flagged } = added;
  const percent = (part: number) => `${Number((100 * part).toPrecision(2))} %`;
  const told = count === 0 ? ["no structure that the data alone do not show"] : [
    `structures that the data alone do not show: ${count} (${
      percent(flagged)
    } of the head); the data do`,
    "not tell whether these are real (added.regions in recon.json, flagged.nii.gz)",
  ];
  const head = `${percent(share)} of the energy is not determined by the data`;
  return [`  added  ${head}`, ...told.map((line) => `         ${line}`)];
}

function maskText(mask: ReportMask): string {
  const { spec, acceleration, acsLines } = mask;
  const name = spec === "data" ? "as acquired" : spec === "file" ? "mask file" : spec;
  const lines = `${acsLines} calibration lines`;
  return `${name} (${acceleration.toFixed(2)}-fold, ${lines}${paddingText(mask)})`;
}

/** What a report says of padding and partial Fourier, where there is any. */
function paddingText({ padding, partial }: ReportMask): string {
  return (padding > 0 ? `, ${padding} padded` : "") + (partial === null ? "" : ", partial Fourier");
}

const REFERENCES = {
  data: "against the fully sampled input",
  file: "against reconstruction_rss of the file",
  none: "none: not fully sampled",
} as const;

export function planText(plan: Plan, outputs: Readonly<Record<string, string>>): string {
  const { input, slices: [first, end], mask, image } = plan;
  const maps = mask.acsLines > 0 ? `${mask.acsLines} calibration lines` : "no calibration lines";
  const rows: (readonly [string, string])[] = [
    ["input", `${input.path} (${input.format})`],
    ["axes", input.axes],
    [
      "used as",
      `${input.coils} coils, ${input.phase} phase-encode lines, readout ${input.readout}`,
    ],
    ...(input.fourierSign === null
      ? []
      : [["sign", `${input.fourierSign.sign} (${input.fourierSign.from})`] as const]),
    ["slices", `${first}:${end}`],
    [
      "mask",
      `${mask.spec === "data" ? "as acquired" : mask.spec}: ${mask.kept} of ${mask.of} kept ` +
      `(${mask.acceleration.toFixed(2)}-fold), ${maps}${paddingText(mask)}`,
    ],
    ["metrics", REFERENCES[plan.reference ?? "none"]],
    [
      "method",
      `${plan.method}, ${plan.steps} steps, NFE ${plan.nfe} for a slice` +
      (plan.auditNfe > 0 ? ` and ${plan.auditNfe} for its audit` : ""),
    ],
    ["device", plan.device],
    ["memory", `about ${memory(plan.memory)}`],
    ...(plan.seconds === null ? [] : [["time", `about ${duration(plan.seconds)}`] as const]),
    ["image", `${image.join(" x ")} (slice, row, column)`],
    ...Object.entries(outputs).map(([kind, path], i) =>
      [i === 0 ? "outputs" : "", `${path} (${kind})`] as const
    ),
  ];
  return textOf(rows.map(([name, text]) => `${name.padEnd(8)}${text}`));
}
