/**
 * Which counter of a phase encoding is the centre of k-space: what the header states, held against
 * where the energy of the data lies.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Limit } from "../../mrd/xml_header.ts";
import type { Warning } from "../../warning.ts";

/**
 * Energy of the brightest line over that of the median line above which it is no accident. The lines
 * of an object differ by 100 and more, those of noise (chi-square of 16 samples or more) by 4.
 */
const CLEAR = 8;
/** Fewest lines that have a median to speak of. */
const FEWEST = 8;
/** Part of the matrix by which the brightest line may lie off the centre: coils and echoes shift it. */
const TOLERANCE = 1 / 32;
/** Energy of the brightest line over that about a centre that is stated, above which it is wrong. */
const CONTRADICTED = 4;

/** The numbers that differ between the first and the second phase encoding. */
const NAMES = { line: { step: 1, user: 5 }, partition: { step: 2, user: 6 } } as const;

export interface CentreEvidence {
  /** What is counted. */
  readonly name: keyof typeof NAMES;
  /** Lines (partitions) of the encoded matrix. */
  readonly encoded: number;
  /** What the header says of the counter. */
  readonly limit?: Limit;
  /** What the acquisitions themselves say: `idx.user[5]` (lines) and `[6]` (partitions) of Siemens. */
  readonly user?: number;
  /** Energy of each counter that was acquired. */
  readonly energies: ReadonlyMap<number, number>;
}

export interface Centre {
  readonly centre: number;
  /** Whether no other centre is possible, or the data support this one. */
  readonly certain: boolean;
  readonly warning?: Warning;
  /** Why no image can be made of these lines. */
  readonly fault?: InputError;
}

/**
 * Chooses the counter at the centre of k-space. The schema's default is 0, which no scan has as its
 * centre: that counts as not stated, and the middle of the counters is assumed. A centre is followed
 * unless lines would lie outside the matrix, or the data contradict it clearly; then the nearest to the
 * brightest line is taken, of what the acquisitions say, and of partial Fourier with either end full.
 */
export function chooseCentre(evidence: CentreEvidence): Centre {
  const claim = claims(evidence);
  const { lowest, highest, stated, user, assumed } = claim;
  if (lowest > highest) return outside(evidence, claim);
  const fits = (centre: number) => centre >= lowest && centre <= highest;
  const peak = brightest(evidence.energies);
  if (peak === undefined) return withoutPeak(evidence, claim);
  const nearest = (...from: readonly (number | undefined)[]) =>
    from.filter((c) => c !== undefined).filter(fits)
      .filter((centre) => isSupported(evidence, centre, peak))
      .sort((a, b) => Math.abs(a - peak) - Math.abs(b - peak)).at(0);
  const centre = nearest(stated, user) ??
    nearest(assumed, ...ends(evidence)) ??
    Math.min(highest, Math.max(lowest, peak));
  return settled(evidence, claim, centre);
}

/** What is said of the centre, and between which centres all lines lie within the matrix. */
function claims({ encoded, limit, user, energies }: CentreEvidence) {
  const counters = [...energies.keys()], half = Math.floor(encoded / 2);
  const isLimited = limit !== undefined && limit.maximum > 0;
  return {
    first: Math.min(...counters),
    last: Math.max(...counters),
    lowest: Math.max(...counters) + half - encoded + 1,
    highest: Math.min(...counters) + half,
    stated: isLimited && limit.center > 0 ? limit.center : undefined,
    user: user !== undefined && user > 0 && user < encoded ? user : undefined,
    /** Where nothing is said. */
    assumed: Math.floor((isLimited ? limit.maximum + 1 : encoded) / 2),
    /** Whether that is a mere guess: the header announces fewer lines than its matrix has. */
    isGuess: isLimited && limit.maximum + 1 < encoded,
  };
}

type Claims = ReturnType<typeof claims>;

/** Centres of partial Fourier: the last or the first line that the header announces is an edge. */
function ends({ encoded, limit, energies }: CentreEvidence): number[] {
  const half = Math.floor(encoded / 2), counters = [...energies.keys()];
  const { minimum, maximum } = limit !== undefined && limit.maximum > 0
    ? limit
    : { minimum: Math.min(...counters), maximum: Math.max(...counters) };
  return [maximum + half - encoded + 1, minimum + half];
}

/** The brightest line, where one stands out. */
function brightest(energies: ReadonlyMap<number, number>): number | undefined {
  if (energies.size < FEWEST) return undefined;
  const sorted = [...energies.values()].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const [peak, energy] = [...energies].reduce((best, each) => each[1] > best[1] ? each : best);
  return energy > CLEAR * median ? peak : undefined;
}

/** Whether the lines about a centre are about as bright as the brightest. */
function isSupported({ energies, encoded }: CentreEvidence, centre: number, peak: number): boolean {
  const counters = [...energies.keys()].sort((a, b) => a - b);
  // Undersampled, the line of the centre may not be there.
  const gap = counters.reduce((most, c, i) => Math.max(most, i === 0 ? 0 : c - counters[i - 1]), 0);
  const tolerance = Math.max(2, Math.round(encoded * TOLERANCE), gap);
  const near = [...energies].filter(([counter]) => Math.abs(counter - centre) <= tolerance);
  const energy = Math.max(0, ...near.map(([, value]) => value));
  return CONTRADICTED * energy >= energies.get(peak)!;
}

/** A centre that is certain, with a warning where the header or its default says another. */
function settled({ name }: CentreEvidence, claim: Claims, centre: number): Centre {
  const { stated, user, assumed } = claim;
  if (centre === (stated ?? user ?? assumed)) return { centre, certain: true };
  const said = stated === undefined
    ? "The header does not state the centre of k-space"
    : `The header puts the centre of k-space at ${name} ${stated}`;
  const { step, user: index } = NAMES[name];
  const by = centre === user ? `idx.user[${index}] and the data` : "the data";
  const warning = {
    code: "kspace-centre",
    message: `${said}; ${by} put it at ${name} ${centre}, which was taken`,
    hint: `Correct the center of kspace_encoding_step_${step} in the header`,
  };
  return { centre, certain: true, warning };
}

/** What is said, where the data say nothing. */
function withoutPeak(evidence: CentreEvidence, claim: Claims): Centre {
  const { lowest, highest, stated, user, assumed, isGuess } = claim;
  if (lowest === highest) return settled(evidence, claim, lowest);
  const isStated = stated !== undefined || user !== undefined;
  const possible = (isStated ? [stated, user] : [assumed])
    .filter((c) => c !== undefined).filter((c) => c >= lowest && c <= highest);
  if (possible.length === 0) return outside(evidence, claim);
  const [said, other = said] = possible;
  if (stated !== undefined && said !== stated) return settled(evidence, claim, said);
  const isDisputed = other !== said;
  const isUnknown = !isStated && isGuess;
  if (!isDisputed && !isUnknown) return { centre: said, certain: false };
  const { name } = evidence, { step, user: index } = NAMES[name];
  const found = isDisputed
    ? `${stated} in the header, ${user} in idx.user[${index}]`
    : "none in the header";
  const fault = new InputError(
    `Cannot find the centre of k-space: the ${name} of the centre is required, found ${found}, and ` +
      `no ${name} of the data that stands out`,
    { hint: `Correct the center of kspace_encoding_step_${step} in the header` },
  );
  return { centre: said, certain: false, fault };
}

/** Lines that do not fit into the matrix, whatever the centre, or about the one that is said. */
function outside({ name, encoded }: CentreEvidence, claim: Claims): Centre {
  const centre = claim.stated ?? claim.user ?? claim.assumed;
  const fault = new InputError(
    `Cannot place the ${name}s of k-space: ${encoded} ${name}s about the centre ${centre} are ` +
      `required, found ${name}s ${claim.first} to ${claim.last}`,
  );
  return { centre, certain: false, fault };
}
