/**
 * What the axes of k-space are, where its format does not say: found from the data, or taken from
 * habit, with a warning wherever that is not sure.
 * @module
 */
import { InputError } from "../../errors.ts";
import { axesText, ENCODED, habitualNames, isEncoded, PARTS, UNUSED } from "../../io/axes.ts";
import { givenNames, notComplex } from "../../io/axis_names.ts";
import { type KspaceArray, type KspaceLayout, withParts } from "../../io/kspace_array.ts";
import type { Warning } from "../../warning.ts";
import { coilAmongEncoded, coilAmongOthers, isEncodedAlike } from "./coil_axis.ts";
import { type Centre, centreOf, energyProfiles, type Profile } from "./profiles.ts";
import { areInterleaved } from "./parts.ts";
import { sampling } from "./sampling.ts";

/** Where something lies: in the middle of an axis, or at its index 0 as `numpy.fft` has it. */
export type Place = "centre" | "corner" | "auto";

/** What the user says of the axes. */
export interface LayoutRequest {
  /** Names of the axes in the order of the file. */
  readonly axes?: readonly string[];
  /** Where the centre of k-space lies. Default `auto`: where the energy is. */
  readonly dc?: Place;
}

/** An array, what its axes mean, and what is not sure about it. */
export interface Recognised {
  readonly array: KspaceArray;
  readonly layout: KspaceLayout;
  readonly profiles: readonly Profile[];
  readonly warnings: Warning[];
}

/** Ratio of the energies of real and imaginary parts. */
const BALANCED = 1.3;
/**
 * Finds the layout.
 * @throws {InputError} when two readings are about equally likely, or the numbers are not k-space
 * @throws {UsageError} when the given names do not fit
 */
export async function recognise(array: KspaceArray, request: LayoutRequest): Promise<Recognised> {
  return await new Recogniser(array, request).run();
}

class Recogniser {
  #array: KspaceArray;
  #profiles: readonly Profile[] = [];
  readonly #warnings: Warning[] = [];

  constructor(array: KspaceArray, private readonly request: LayoutRequest) {
    this.#array = array;
  }

  async run(): Promise<Recognised> {
    const { axes: given, dc = "auto" } = this.request;
    const own = this.#array;
    if (own.sure && given === undefined && own.complex && dc === "auto") {
      return this.#result({ names: own.axes.map(({ name }) => name) });
    }
    const names = given === undefined ? undefined : this.#given(given);
    if (names === undefined && !own.complex) await this.#findParts();
    else this.#profiles = await energyProfiles(this.#array);
    const centres = this.#centres();
    const found = names ??
      (own.named ? own.axes.map(({ name }) => name) : await this.#names(centres));
    const corner = found.filter((name, i) =>
      isEncoded(name) && (dc === "corner" || (dc === "auto" && centres[i] === "corner"))
    );
    if (dc === "auto" && corner.length > 0) this.#warnCorner(corner);
    const layout = { names: found, corner };
    return this.#result({ ...layout, ...await sampling(this.#array, layout, this.#profiles) });
  }

  #result(layout: KspaceLayout): Recognised {
    const { names, ...rest } = layout;
    // Without --axes the sampling says which of two unnamed axes is the readout.
    const free = this.request.axes === undefined && !this.#array.named && !this.#array.sure;
    const swapped = free ? renamed(names, rest) : layout;
    if (free) this.#warnUnusual(swapped.names);
    return {
      array: this.#array,
      layout: swapped,
      profiles: this.#profiles,
      warnings: this.#warnings,
    };
  }

  /** The given names; real numbers without an axis of parts have these side by side. */
  #given(given: readonly string[]): string[] {
    const names = givenNames(this.#array, given);
    if (this.#array.complex || names.includes(PARTS)) return names;
    const fastest = this.#array.axes.findIndex(({ stride }) => stride === 1);
    if (this.#array.axes[fastest].size % 2 !== 0) throw notComplex(this.#array);
    this.#array = withParts(this.#array);
    return names.toSpliced(fastest + (this.#array.columnsFirst ? 0 : 1), 0, PARTS);
  }

  /** Finds the axis of real and imaginary parts, among axes of size 2 or inside the fastest one. */
  async #findParts(): Promise<void> {
    const { axes } = this.#array;
    this.#profiles = await energyProfiles(this.#array);
    const balanced = axes.map((_, i) => i).filter((i) => {
      const [a, b] = this.#profiles[i].energy;
      return axes[i].size === 2 && Math.max(a, b) <= BALANCED * Math.min(a, b);
    });
    const last = axes.length - 1;
    const named = axes.findIndex(({ name }) => name === PARTS);
    const two = [last, 0, ...axes.keys()].filter((i) => axes[i].size === 2);
    const at = named >= 0 ? named : two.find((i) => balanced.includes(i)) ?? two[0];
    if (at === undefined) {
      if (!await areInterleaved(this.#array, this.#profiles)) throw notComplex(this.#array);
      this.#array = withParts(this.#array);
      this.#profiles = await energyProfiles(this.#array);
    } else {
      const habit = habitualNames(this.#array.format, axes.length - 1);
      const names = habit.toSpliced(at, 0, PARTS);
      const own = axes.map((axis, i) => ({ ...axis, name: names[i] }));
      this.#array = { ...this.#array, axes: own };
    }
    // An image has no centre to which its energy is drawn along two axes.
    if (this.#encoded(this.#centres()).length < 2) throw notComplex(this.#array);
    const found = at === undefined
      ? "side by side (re, im, re, im, ...)"
      : `along axis ${at}, of size 2`;
    this.#warnings.push({
      code: "parts-recognised",
      message: `The numbers are real: they are taken as real and imaginary parts ${found}`,
      hint: "If that is wrong, as where all real parts come before all imaginary ones, save the " +
        "array as complex64, or name all axes with --axes",
    });
  }

  #centres(): (Centre | undefined)[] {
    return this.#array.axes.map(({ name }, i) =>
      name === PARTS ? undefined : centreOf(this.#profiles[i])
    );
  }

  #encoded(centres: readonly (Centre | undefined)[]): number[] {
    return centres.flatMap((centre, i) => centre === undefined ? [] : [i]);
  }

  /** Names from the energies along the axes. */
  async #names(centres: readonly (Centre | undefined)[]): Promise<string[]> {
    const { axes } = this.#array;
    const habit = axes.map(({ name }) => name);
    let encoded = this.#encoded(centres);
    if (encoded.length > 3) throw this.#refusal("along more than three axes", habit);
    if (encoded.length < 2) {
      const sizes = axes.filter(({ size }) => size > 1).length;
      if (sizes > 2) this.#assume(habit, "The energy does not show which axes are encoded");
      return habit;
    }
    const others = axes.map((_, i) => i).filter((i) =>
      axes[i].size > 1 && !encoded.includes(i) && habit[i] !== PARTS
    );
    const context = { array: this.#array, profiles: this.#profiles, centres };
    const { coil, doubt, either } = others.length > 0
      ? await coilAmongOthers(context, others, encoded)
      : await coilAmongEncoded(context, encoded);
    if (either !== undefined) throw this.#refusal(either, habit);
    if (doubt !== undefined) this.#assume(habit, doubt);
    encoded = encoded.filter((i) => i !== coil);
    return this.#assign(encoded, coil, others, habit);
  }

  #assign(
    encoded: readonly number[],
    coil: number | undefined,
    others: readonly number[],
    habit: readonly string[],
  ): string[] {
    const { axes, columnsFirst } = this.#array;
    const usual = isEncodedAlike(encoded, habit);
    const order = columnsFirst ? encoded.toReversed() : encoded;
    const names: string[] = axes.map(({ name }) => name === PARTS ? PARTS : UNUSED);
    order.forEach((i, k) => names[i] = usual ? habit[i] : ENCODED[k]);
    if (coil !== undefined) names[coil] = "coil";
    // From the images outwards: slices, time, echoes, ... ; of 3-D k-space no slices.
    const frames = ["slice", "time", "echo", "dim5", "dim6", "dim7"].slice(
      encoded.length === 3 ? 1 : 0,
    );
    const outwards = others.filter((i) => i !== coil);
    if (!columnsFirst) outwards.reverse();
    outwards.forEach((i, k) => {
      names[i] = usual && habit[i] !== "coil" && !names.includes(habit[i]) ? habit[i] : frames[k];
    });
    axes.forEach(({ size }, i) => {
      const free = size === 1 && !isEncoded(habit[i]) && !names.includes(habit[i]);
      if (free) names[i] = habit[i];
    });
    return names;
  }

  #assume(names: readonly string[], why: string): void {
    const { axes } = this.#array;
    const found = axes.map(({ size }, i) => ({ name: names[i], size }));
    this.#warnings.push({
      code: "axes-assumed",
      message: `${why}: the axes are assumed to be ${axesText(found)}`,
      hint: `If that is wrong, name them: --axes ${names.join(",")} in the right order`,
    });
  }

  /** Warns of axes that are not those that a file of the format usually has. */
  #warnUnusual(names: readonly string[]): void {
    const { axes } = this.#array;
    // Which of two encoded axes was undersampled is no matter of opinion.
    const alike = (name: string, usual: string) =>
      name === usual || (!names.includes("phase2") && isEncoded(name) && isEncoded(usual));
    if (axes.every(({ name, size }, i) => size === 1 || alike(names[i], name))) return;
    const found = axes.map(({ size }, i) => ({ name: names[i], size }))
      .filter(({ name }) => name !== UNUSED && name !== PARTS);
    this.#warnings.push({
      code: "axes-recognised",
      message:
        `The axes are taken as ${axesText(found)}, as the energy along them shows; a file of ` +
        "this format usually has others",
      hint: `If that is wrong, name them: --axes ${names.filter((n) => n !== UNUSED).join(",")}`,
    });
  }

  #warnCorner(corner: readonly string[]): void {
    this.#warnings.push({
      code: "centre-in-corner",
      message: `The energy lies at index 0 of ${corner.join(" and ")}, as ` +
        "numpy.fft has the centre of k-space: it is moved to the middle",
      hint: "If the centre lies in the middle, say so: --dc centre",
    });
  }

  #refusal(between: string, names: readonly string[]): InputError {
    const { path, axes } = this.#array;
    const sizes = axes.map(({ size }) => size).join(" x ");
    return new InputError(
      `Cannot tell what the axes of ${path} are (${sizes}): names are required where the data show ` +
        `two readings, found ${between}`,
      { hint: `Name them in the order of the file, such as --axes ${names.join(",")}` },
    );
  }
}

/** The fully sampled axis is the readout, where the names come from no user and no format. */
function renamed(names: readonly string[], layout: Omit<KspaceLayout, "names">): KspaceLayout {
  const { through, lines, corner = [] } = layout;
  const encoded = ENCODED.filter((name) => names.includes(name));
  const first = through ?? (lines === "readout" ? encoded.find((n) => n !== lines) : "readout");
  const order = [first, ...names.filter((name) => isEncoded(name) && name !== first)];
  const now = (name: string) => isEncoded(name) ? ENCODED[order.indexOf(name)] : name;
  return {
    names: names.map(now),
    corner: corner.map(now),
    through: through && now(through),
    lines: lines && now(lines),
  };
}
