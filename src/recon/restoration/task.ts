/** What was done to a picture, as `--task` says it. @module */
import { decimal } from "../../decimal.ts";
import { UsageError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";

/** One degradation: its name and its values by key, as text. */
export interface TaskStep {
  /** Name, one of {@link TASKS}. */
  readonly name: TaskName;
  /** Values by key; those that were left out have their defaults. */
  readonly values: Readonly<Record<string, string>>;
}

/** What a task undoes: degradations in the order in which they happen. */
export interface RestorationTask {
  /** The text that it was read from. */
  readonly text: string;
  /** The degradations. */
  readonly steps: readonly TaskStep[];
}

interface TaskEntry {
  readonly summary: string;
  /** Keys with their defaults; undefined has none. */
  readonly keys: Readonly<Record<string, string | undefined>>;
  /** Whether it can be combined with others. */
  readonly combines: boolean;
}

/** The degradations, in the order in which they happen to a picture that meets several. */
export const TASKS = {
  denoise: { summary: "noise alone, of --noise", keys: {}, combines: false },
  deblur: {
    summary: "blur: gaussian=SIGMA in pixels, motion=LENGTH,angle=DEGREES, or kernel=FILE",
    keys: { gaussian: undefined, motion: undefined, angle: undefined, kernel: undefined },
    combines: true,
  },
  sr: {
    summary: "fewer pixels: factor=2 to 8, pool=bicubic or average",
    keys: { factor: "4", pool: "bicubic" },
    combines: true,
  },
  jpeg: { summary: "JPEG, 4:4:4: quality=1 to 100", keys: { quality: "10" }, combines: true },
  inpaint: {
    summary: "missing pixels: random=SHARE, box=SIDE as a share of the picture's, or mask=FILE " +
      "(1 where a pixel is known)",
    keys: { random: undefined, box: undefined, mask: undefined },
    combines: true,
  },
  "phase-retrieval": {
    summary: "magnitudes of the Fourier transform alone: oversampling=FACTOR of both sides",
    keys: { oversampling: "2" },
    combines: false,
  },
  lensless: {
    summary: "a camera without lens: psf=FILE (default: drawn), sensor=SHARE of the sides",
    keys: { psf: undefined, sensor: "1" },
    combines: false,
  },
} as const satisfies Readonly<Record<string, TaskEntry>>;

/** Name of a degradation. */
export type TaskName = keyof typeof TASKS;

const NAMES = Object.keys(TASKS) as TaskName[];

/**
 * Reads `NAME[:KEY=VALUE,...]`, or several of them joined by `+`. Whatever their order in the text, a
 * picture is blurred, then made smaller, then stored as JPEG, then loses pixels.
 * @throws {UsageError} for a text that is none
 */
export function parseTask(text: string): RestorationTask {
  const parts = text.split(new RegExp(`\\+(?=(?:${NAMES.join("|")})(?:[:+]|$))`));
  const steps = parts.map((part) => readStep(text, part));
  const twice = steps.find(({ name }, i) => steps.findIndex((step) => step.name === name) !== i);
  if (twice !== undefined) {
    throw new UsageError(`Cannot read task '${text}': ${twice.name} is there twice`);
  }
  const alone = steps.find(({ name }) => !TASKS[name].combines);
  if (steps.length > 1 && alone !== undefined) {
    throw new UsageError(`Cannot read task '${text}': ${alone.name} goes with no other`);
  }
  const order = ({ name }: TaskStep) => NAMES.indexOf(name);
  return { text, steps: steps.toSorted((a, b) => order(a) - order(b)) };
}

function readStep(text: string, part: string): TaskStep {
  const [, name = "", rest = ""] = /^([^:]*)(?::(.*))?$/s.exec(part) ?? [];
  if (!Object.hasOwn(TASKS, name)) {
    throw new UsageError(
      `Cannot read task '${text}': ${NAMES.join(", ")}, or several joined by +, is required, ` +
        `found '${name}'`,
      didYouMean(name, NAMES),
    );
  }
  const { keys }: TaskEntry = TASKS[name as TaskName];
  const known = Object.keys(keys);
  const written = rest.split(",").filter((pair) => pair !== "").map((pair) => {
    const [key, ...value] = pair.split("=");
    if (known.includes(key) && value.length > 0) return [key, value.join("=")] as const;
    throw new UsageError(
      `Cannot read task '${text}': ${name} takes ${known.join(", ") || "no key"} as KEY=VALUE, ` +
        `found '${pair}'`,
      didYouMean(key, known),
    );
  });
  const defaults = Object.entries(keys).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return { name: name as TaskName, values: Object.fromEntries([...defaults, ...written]) };
}

/**
 * A number of a step.
 * @throws {UsageError} when it is none, or not from `low` to `high`
 */
export function numberOf(
  { name, values }: TaskStep,
  key: string,
  [low, high]: readonly [number, number],
  byDefault?: number,
): number {
  const text = values[key];
  const value = text === undefined ? byDefault ?? NaN : decimal(text);
  if (value >= low && value <= high) return value;
  throw new UsageError(
    `Cannot read ${key} of ${name}: a number from ${low} to ${high} is required, found '${
      text ?? "none"
    }'`,
  );
}

/**
 * A whole number of a step.
 * @throws {UsageError} when it is none, or not from `low` to `high`
 */
export function wholeOf(step: TaskStep, key: string, bounds: readonly [number, number]): number {
  const value = numberOf(step, key, bounds);
  if (Number.isInteger(value)) return value;
  throw new UsageError(
    `Cannot read ${key} of ${step.name}: a whole number is required, found '${step.values[key]}'`,
  );
}

/** What the sides of a picture must be multiples of: whole blocks of pixels, and of JPEG. */
export function sideUnit({ steps }: RestorationTask): number {
  const units = steps.map((step) =>
    step.name === "jpeg" ? 8 : step.name === "sr" ? wholeOf(step, "factor", [2, 8]) : 1
  );
  return units.reduce((a, b) => a * b, 1);
}

/** Paths of the files that a task names. */
export function filesOf({ steps }: RestorationTask): string[] {
  return steps.flatMap(({ values: { kernel, mask, psf } }) => [kernel, mask, psf])
    .filter((path) => path !== undefined);
}
