/** A calibration from errors that are known, and how good it is for people that it has not seen. @module */
import { InputError } from "../../errors.ts";
import { logFactor } from "./bound.ts";
import type { ErrorCalibration, LowHigh, MeasuredErrorBars } from "./calibration.ts";
import { logWidth, type PersonSizes, STRATA, widthFactors } from "./conformal.ts";
import type { Feature } from "./features.ts";
import { fitBound, type KnownSlice } from "./fit_bound.ts";
import type { CaseErrors, MethodRun } from "./known_errors.ts";
import { fitSize, type KnownErrors, predictedSizes } from "./score.ts";

/** Part of the pixels that widths cover, and of the slices for which the bound on the PSNR holds. */
export const COVERAGE = 0.9;

/**
 * Fewer suspicious slices than this tell too little: widths there grow by what those of `pnp-admm` needed.
 */
const MIN_SUSPICIOUS = 5;
const USUAL_FACTOR = 1.25;

type Fitted = Pick<ErrorCalibration, "size" | "width" | "suspicious" | "errorRatio">;

/** Error bars are refused where the audit finds the data or the image inconsistent. */
const isGiven = ({ verdict }: CaseErrors): boolean => verdict !== "inconsistent";

/** Fits sizes, widths and the bound on the PSNR to cases. @param names of their features */
export function fitted(cases: readonly CaseErrors[], names: readonly Feature[]): Fitted {
  const people = byPerson(cases);
  const size = fitSize([...people.values()], names);
  const sizes = [...people].map(([person, own]): PersonSizes => ({
    person,
    sizes: Float64Array.from(own.flatMap((one) => [...predictedSizes(size, one)])),
    errors: own.flatMap(({ errors }) => errors),
  }));
  const width = widthFactors(sizes, COVERAGE);
  const known = cases.filter(isGiven).map((one) => sizesOf(one, { size, width }));
  return {
    size,
    width,
    errorRatio: fitBound(known, COVERAGE),
    suspicious: ofSuspicious(cases, { size, width }),
  };
}

/** By how much widths must grow to cover where the audit is suspicious; not at all with too few slices. */
function ofSuspicious(cases: readonly CaseErrors[], model: Pick<Fitted, "size" | "width">) {
  const found = cases.filter(({ verdict }) => verdict === "suspicious");
  const ratios = found.flatMap((one) => {
    const widths = widthsOf(one, model);
    return one.errors.map((error, i) => error / widths[i]);
  });
  const needed = found.length < MIN_SUSPICIOUS ? USUAL_FACTOR : quantile(ratios, COVERAGE);
  return { slices: found.length, factor: Math.max(1, needed) };
}

/** A whole calibration. @throws {InputError} for cases of fewer than two people */
export function calibrated(
  cases: readonly CaseErrors[],
  { method, solver }: { readonly method: string; readonly solver: MethodRun },
): ErrorCalibration {
  const [{ names }] = cases;
  const people = [...byPerson(cases).keys()];
  if (people.length < 2) {
    throw new InputError(
      `Cannot calibrate error bars: volumes of two people or more are required, found ${people.length}`,
    );
  }
  const range = (of: (one: CaseErrors) => number): LowHigh => {
    const values = cases.map(of);
    return [Math.min(...values), Math.max(...values)];
  };
  return {
    method,
    model: solver.model!,
    steps: solver.steps,
    samples: solver.samples ?? 1,
    settings: solver.settings ?? {},
    coverage: COVERAGE,
    people: people.length,
    slices: cases.length,
    range: {
      acceleration: range(({ acquired }) => acquired.acceleration),
      noise: range(({ acquired }) => acquired.noise),
      coils: range(({ acquired }) => acquired.coils),
    },
    ...fitted(cases, names),
    measured: measuredOnOthers(cases, names),
  };
}

/** What a calibration on the others does for a case. */
interface Judged {
  readonly found: CaseErrors;
  readonly widths: Float64Array;
  /** PSNR minus its bound, dB. */
  readonly gap: number;
}

/**
 * Each person by a calibration on the others. Slices that get no error bars teach how errors follow from
 * features, but are not counted here.
 */
export function measuredOnOthers(
  cases: readonly CaseErrors[],
  names: readonly Feature[],
): MeasuredErrorBars {
  const judged = [...byPerson(cases)].flatMap(([person, own]) => {
    const model = fitted(cases.filter(({ found }) => found.person !== person), names);
    return own.filter(isGiven).map((found): Judged => {
      const sizes = sizesOf(found, model);
      return {
        found,
        widths: givenWidths(found, model),
        gap: 20 * Math.LOG10E * (sizes.width + logFactor(model.errorRatio, sizes) - sizes.error),
      };
    });
  });
  const widths = judged.flatMap(({ widths }) => [...widths]);
  const errors = judged.flatMap(({ found }) => [...found.errors]);
  const covered = widths.map((width, i) => errors[i] <= width ? 1 : 0);
  const coverage = mean(covered);
  const order = [...widths.keys()].sort((a, b) => widths[a] - widths[b]);
  const people = byPerson(judged.map(({ found }) => found));
  const gaps = judged.map(({ gap }) => gap).sort((a, b) => a - b);
  const ofPerson = [...people.keys()].map((person) =>
    coverageOf(judged.filter(({ found }) => found.found.person === person))
  );
  return {
    coverage,
    byWidth: Array.from({ length: STRATA }, (_, bin) => {
      const edge = (k: number) => Math.floor(k * order.length / STRATA);
      return mean(order.slice(edge(bin), edge(bin + 1)).map((i) => covered[i]));
    }),
    byAcceleration: byAcceleration(judged),
    ofPeople: [Math.min(...ofPerson), Math.max(...ofPerson)],
    rankCorrelation: rankCorrelation(widths, errors),
    relativeWidth: mean(widths) / quantile(errors, coverage),
    psnrHolds: mean(gaps.map((gap) => gap >= 0 ? 1 : 0)),
    psnrGap: gaps[Math.floor(gaps.length / 2)],
  };
}

function byAcceleration(judged: readonly Judged[]): Record<string, number> {
  const found = judged.map(({ found: { found } }) => found.acceleration);
  const values = [...new Set(found)].sort((a, b) => a - b);
  return Object.fromEntries(values.map((value) => [
    `R=${value}`,
    coverageOf(judged.filter((_, i) => found[i] === value)),
  ]));
}

function coverageOf(judged: readonly Judged[]): number {
  return mean(
    judged.flatMap(({ found: { errors }, widths }) =>
      Array.from(errors, (error, i) => error <= widths[i] ? 1 : 0)
    ),
  );
}

/** Half-widths of the pixels of a case. */
export function widthsOf(
  errors: KnownErrors,
  { size, width }: Pick<Fitted, "size" | "width">,
): Float64Array {
  return predictedSizes(size, errors).map((value) => Math.exp(logWidth(width, value)));
}

/** The widths as they are given: wider where the audit is suspicious. */
function givenWidths(found: CaseErrors, model: Fitted): Float64Array {
  const factor = found.verdict === "suspicious" ? model.suspicious.factor : 1;
  return widthsOf(found, model).map((width) => factor * width);
}

/** What a slice says of the bound. */
function sizesOf(found: CaseErrors, model: Pick<Fitted, "size" | "width">): KnownSlice {
  const rms = (values: ArrayLike<number>) =>
    Math.sqrt(mean(Array.from(values, (value) => value ** 2)));
  const [truth, image] = found.peaks;
  return {
    person: found.found.person,
    error: Math.log(rms(found.errors) / truth),
    width: Math.log(rms(widthsOf(found, model)) / image),
    gap: found.features[found.names.indexOf("gap")], // the same for all pixels
  };
}

function byPerson(cases: readonly CaseErrors[]): Map<string, CaseErrors[]> {
  const people = new Map<string, CaseErrors[]>();
  for (const one of cases) {
    const { person } = one.found;
    people.set(person, [...people.get(person) ?? [], one]);
  }
  return people;
}

/** Spearman's rank correlation. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  const product = (p: Float64Array, q: Float64Array) =>
    p.reduce((sum, value, i) => sum + (value - middle) * (q[i] - middle), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

function ranks(values: readonly number[]): Float64Array {
  const order = [...values.keys()].sort((i, j) => values[i] - values[j]);
  const result = new Float64Array(values.length);
  order.forEach((index, rank) => result[index] = rank);
  return result;
}

const mean = (values: ArrayLike<number>): number =>
  Array.prototype.reduce.call(values, (sum, value) => Number(sum) + Number(value), 0) as number /
  values.length;

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}
