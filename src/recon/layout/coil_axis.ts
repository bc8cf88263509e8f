/** Which axis of an array of k-space counts coils. @module */
import { isEncoded, PARTS, UNUSED } from "../../io/axes.ts";
import { finiteOnly, type KspaceArray, readPlanes } from "../../io/kspace_array.ts";
import { coilResidual, type Predicted } from "./coils.ts";
import { type Centre, type Profile, strongest } from "./profiles.ts";

/** Residual up to which the members of an axis are surely coils, and from which they are not. */
const COILS = 0.2, NOT_COILS = 0.45;
/** Part of noise from which coils cannot be told from slices. */
const NOISY = 0.1;
/** Residual below which members of the same phase may be coils. */
const PERHAPS_COILS = 0.1;
/** Turn of phase (radians) up to which members have one phase, and from which they are coils. */
const ONE_PHASE = 0.3, COIL_PHASES = 0.5;
/** Longest axis that may be coils although its energy looks encoded. */
const MAX_COILS = 256;

/** An array whose encoded axes have been found. */
export interface ArrayContext {
  readonly array: KspaceArray;
  readonly profiles: readonly Profile[];
  /** Where the centre of k-space lies along each axis; undefined along those that are not encoded. */
  readonly centres: readonly (Centre | undefined)[];
}

/** What was found. */
export interface CoilAxis {
  /** The axis of coils; undefined when there is none. */
  readonly coil?: number;
  /** Why it may be another. */
  readonly doubt?: string;
  /** Two readings that are about equally likely. */
  readonly either?: string;
}

/** Of three axes that look encoded one may be a row of coils: the first that behaves so. */
export async function coilAmongEncoded(
  context: ArrayContext,
  encoded: readonly number[],
): Promise<CoilAxis> {
  if (encoded.length < 3) return {};
  for (const coil of encoded) {
    if (context.array.axes[coil].size > MAX_COILS) continue;
    const found = await predicted(context, coil, encoded.filter((i) => i !== coil));
    if (found && found.residual < COILS / 4 && found.noise < NOISY) return { coil };
  }
  return {};
}

/** The axis of coils among those that are not encoded, by how their members predict each other. */
export async function coilAmongOthers(
  context: ArrayContext,
  others: readonly number[],
  encoded: readonly number[],
): Promise<CoilAxis> {
  const { array: { columnsFirst, axes } } = context;
  const found = new Map<number, Predicted | undefined>();
  // A plane of 3-D k-space is that of a projection, where maps of coils are no factor.
  const flat = encoded.length === 2 ? others : [];
  for (const i of flat) found.set(i, await predicted(context, i, encoded));
  if (others.length === 1) {
    const habit = axes.map(({ name }) => name);
    const slices = isEncodedAlike(encoded, habit) && habit[others[0]] === "slice";
    return onlyAxis(others[0], found.get(others[0]), slices);
  }
  // NumPy lists coils before the encoded axes, or last; NIfTI after them.
  const before = others.filter((i) => i < encoded[0]);
  const after = others.filter((i) => i > encoded[0]);
  const usual = columnsFirst ? after.at(-1) ?? before[0] : before.at(-1) ?? after.at(-1);
  const fitting = others.filter((i) => isCoils(found.get(i)));
  if (fitting.length === 1) return { coil: fitting[0] };
  const both = !columnsFirst && before.length > 0 && after.length > 0;
  return both ? { either: "coils first or coils last" } : { coil: usual };
}

/** Whether the only axis that is not encoded counts coils. @param slices whether habit says slices */
function onlyAxis(only: number, found: Predicted | undefined, slices: boolean): CoilAxis {
  if (found === undefined) return slices ? {} : { coil: only };
  const { residual, noise, turn } = found;
  if (slices) {
    if (isCoils(found)) return { coil: only };
    if (turn <= ONE_PHASE || residual >= PERHAPS_COILS) return {};
    return { either: `slices or coils along axis ${only}` };
  }
  const clear = noise < NOISY && turn <= ONE_PHASE;
  if (residual === 1 || (clear && residual >= COILS)) return {};
  const doubt = `Along axis ${only} the data may be coils or slices`;
  return clear && residual >= PERHAPS_COILS ? { coil: only, doubt } : { coil: only };
}

/** How well the members of an axis predict each other where the energy of the other axes is greatest. */
async function predicted(
  { array, profiles, centres }: ArrayContext,
  axis: number,
  [row, column]: readonly number[],
): Promise<Predicted | undefined> {
  const { axes } = array;
  const names = axes.map(({ name }) => name === PARTS ? PARTS : UNUSED);
  const at = Object.fromEntries(profiles.map((profile, i) => [i, strongest(profile)]));
  const centre = (i: number) => {
    if (centres[i] === "corner") return 0;
    return centres[i] === "middle" ? Math.floor(axes[i].size / 2) : strongest(profiles[i]);
  };
  const planes = await readPlanes(finiteOnly(array), { names }, [axis, row, column], at, 0);
  return coilResidual(planes, [centre(row), centre(column)]);
}

const isCoils = (found: Predicted | undefined): boolean =>
  found !== undefined && found.turn >= COIL_PHASES && found.residual < NOT_COILS;

/** Whether these are the axes that are encoded by habit. */
export function isEncodedAlike(encoded: readonly number[], habit: readonly string[]): boolean {
  return habit.every((name, i) => isEncoded(name) === encoded.includes(i));
}
