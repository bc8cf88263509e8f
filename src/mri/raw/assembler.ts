/**
 * From acquisitions, one after the other as the scanner sends them, to images' worth of k-space.
 * @module
 */
import { InputError } from "../../errors.ts";
import { type Acquisition, type AcquisitionHeader, hasFlag } from "../../mrd/values.ts";
import { fourierSign, type FourierSignRequest, type TakenSign } from "../../mrd/fourier_sign.ts";
import type { Encoding, MrdHeader } from "../../mrd/xml_header.ts";
import { once } from "../../once.ts";
import { type BinParts, RawBin } from "./bin.ts";
import { type RawLayout, rawLayout } from "./layout.ts";
import { checkAcquisition, conjugated, lineName, lineUse } from "./line.ts";
import { LineStore } from "./line_store.ts";
import { type ResolvedLayout, resolveLayout } from "./resolve.ts";
import { NoiseScan } from "./whitening.ts";

/** Bytes of samples that may wait for their bin to end, and of the k-space of one bin. */
const MAX_BYTES = 16 * 2 ** 30;
const COMPLEX = 8;

/** Part by which two fields of view may differ and still be the same. */
const SAME_FIELD = 1e-3;

export interface AssemblerOptions {
  /** Most bytes of samples that are held at a time, and of one image's k-space. Default 16 GiB. */
  readonly maxBytes?: number;
  /** Noise scans that were read before. */
  readonly noise?: NoiseScan;
  /** Whether bins wait for `flush`, as when all lines are known to come. Default false. */
  readonly untilFlush?: boolean;
  /** Sign of the exponent of the samples. Default `auto`: by the vendor that the header names. */
  readonly fourierSign?: FourierSignRequest;
  /** Layouts of encodings that are known. Default: each is found from the first image that decides. */
  readonly layouts?: ReadonlyMap<number, ResolvedLayout>;
}

/**
 * Collects acquisitions and gives each image's k-space when its last line has come.
 *
 * Images differ by slice, contrast, phase, repetition and set; averages and segments are
 * parts of one. An image ends with a line that is flagged as the last of its slice (in the last
 * average, where the header says how many there are), of its repetition or of the measurement, or
 * when a later repetition of it begins.
 *
 * Lines for calibration alone belong to the image when the header calls calibration embedded or
 * interleaved, or says nothing and other lines of the image are flagged to serve both, or none of them
 * is a line of the image too. Otherwise they serve all images of their slice, also of another encoding with the same field of view. Noise scans whiten what is read after
 * them. Navigators, phase correction and feedback are passed over.
 *
 * Samples of a scanner whose exponent is positive are conjugated on the way in, so that an inverse DFT
 * makes the image: it is the conjugate of the forward DFT, to the pixel for any length, and along all
 * axes alike.
 */
export class Assembler {
  /** The sign of the exponent that was taken. */
  readonly sign: TakenSign;
  /** Layouts by the headers alone, of which the readout counts. */
  readonly #announced = new Map<number, RawLayout>();
  readonly #resolved: Map<number, ResolvedLayout>;
  readonly #header: MrdHeader;
  readonly #options: AssemblerOptions;
  readonly #noise: NoiseScan;
  readonly #open = new Map<string, Pick<BinParts, "header" | "lines">>();
  /** Open images some of whose lines are flagged to serve calibration too. */
  readonly #calibrated = new Set<string>();
  readonly #closed = new Set<string>();
  readonly #calibration = new Map<string, LineStore>();
  #bytes = 0;

  /** Starts a measurement. @throws {InputError} when the only encoding cannot be used */
  constructor(header: MrdHeader, options: AssemblerOptions = {}) {
    this.#header = header;
    this.#options = options;
    this.#noise = options.noise ?? new NoiseScan();
    this.sign = fourierSign(header, options.fourierSign);
    this.#resolved = new Map(options.layouts);
    if (header.encodings.length === 1) rawLayout(header.encodings[0], 0);
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /**
   * Takes an acquisition. Its arrays are copied.
   * @returns the bins that it completes, usually none or one
   * @throws {InputError} when it makes no sense, was there before, comes after the end of its image
   *   or exceeds the memory allowed; it is dropped, and the next one may come
   */
  push(given: Acquisition): RawBin[] {
    const { header } = given;
    checkAcquisition(given);
    const acquisition = this.sign.sign === "+" ? conjugated(given) : given;
    const use = lineUse(header);
    if (use === "noise") {
      this.#noise.add(acquisition);
      return [];
    }
    if (use === "skip") return this.#ended(header, undefined);
    const layout = this.#layout(header);
    if (use === "calibration" && !isPartOfImage(this.#header, header)) {
      this.#store(this.#calibrationOf(header, layout), acquisition);
      return this.#ended(header, undefined);
    }
    const key = binKey(header);
    if (this.#closed.has(key)) {
      throw new InputError(`Cannot use ${lineName(header)}: its image has ended before`);
    }
    const earlier = this.#options.untilFlush ? [] : this.#earlierRepetitions(header);
    const bin = this.#open.get(key) ?? { header, lines: new LineStore(layout) };
    this.#store(bin.lines, acquisition);
    this.#open.set(key, bin);
    if (hasFlag(header, "calibrationAndImaging")) this.#calibrated.add(key);
    return [...earlier.flatMap((each) => this.#close(each)), ...this.#ended(header, key)];
  }

  /** Ends what is not ended: the bins that are left. */
  flush(): RawBin[] {
    return [...this.#open.keys()].flatMap((key) => this.#close(key));
  }

  #layout(header: AcquisitionHeader): RawLayout {
    const { encodings } = this.#header;
    const { encodingSpaceRef: index } = header;
    if (encodings[index] === undefined) {
      throw new InputError(
        `Cannot use an acquisition of encoding ${index}: one of the ` +
          `${encodings.length} encodings of the header is required`,
      );
    }
    return this.#resolved.get(index)?.layout ??
      once(this.#announced, index, () => rawLayout(encodings[index], index, { readout: header }));
  }

  /** The layout of an encoding, from the lines of an image where none has decided before. */
  #resolve({ header, lines }: Pick<BinParts, "header" | "lines">): ResolvedLayout {
    const { encodingSpaceRef: index } = header;
    const known = this.#resolved.get(index);
    if (known !== undefined) return known;
    const resolved = resolveLayout(this.#header.encodings[index], index, lines);
    if (resolved.certain) this.#resolved.set(index, resolved);
    return resolved;
  }

  #calibrationOf(header: AcquisitionHeader, layout: RawLayout): LineStore {
    const key = calibrationKey(header);
    const store = this.#calibration.get(key) ?? new LineStore(layout);
    this.#calibration.set(key, store);
    return store;
  }

  #store(lines: LineStore, acquisition: Acquisition): void {
    const { maxBytes = MAX_BYTES } = this.#options;
    const before = lines.size;
    const { activeChannels } = acquisition.header;
    const bytes = COMPLEX * activeChannels * lines.width;
    const whole = COMPLEX * activeChannels * lines.points;
    if (this.#bytes + bytes > maxBytes || whole > maxBytes) {
      throw new InputError(
        `Cannot hold ${lineName(acquisition.header)}: at most ${maxBytes} bytes are allowed, ` +
          `found ${whole} for k-space of its image and ${this.#bytes} that wait for the end of theirs`,
      );
    }
    lines.add(acquisition);
    if (lines.size > before) this.#bytes += bytes;
  }

  /** Bins that end with this acquisition, by its flags. */
  #ended(header: AcquisitionHeader, key: string | undefined): RawBin[] {
    if (this.#options.untilFlush) return [];
    if (hasFlag(header, "lastInMeasurement")) return this.flush();
    if (hasFlag(header, "lastInRepetition") && this.#isLastAverage(header)) {
      const { repetition } = header.idx;
      return [...this.#open].filter(([, bin]) => bin.header.idx.repetition === repetition)
        .flatMap(([each]) => this.#close(each));
    }
    const isLast = hasFlag(header, "lastInSlice") && this.#isLastAverage(header);
    return isLast && key !== undefined ? this.#close(key) : [];
  }

  #isLastAverage({ encodingSpaceRef, idx }: AcquisitionHeader): boolean {
    const limit = this.#header.encodings[encodingSpaceRef]?.limits.average;
    return limit === undefined || idx.average >= limit.maximum;
  }

  /** Keys of open bins that differ from this line only by an earlier repetition. */
  #earlierRepetitions(header: AcquisitionHeader): string[] {
    const { repetition } = header.idx;
    if (repetition === 0) return [];
    return [...this.#open].filter(([, { header: other }]) =>
      other.idx.repetition < repetition &&
      binKey({ ...other, idx: { ...other.idx, repetition } }) === binKey(header)
    ).map(([key]) => key);
  }

  #close(key: string): RawBin[] {
    const open = this.#open.get(key);
    if (open === undefined) return [];
    this.#open.delete(key);
    this.#closed.add(key);
    this.#bytes -= COMPLEX * open.lines.coils * open.lines.width * open.lines.size;
    let calibration = calibrationKeys(this.#header, open.header)
      .map((each) => this.#calibration.get(each)).find((store) => store !== undefined);
    const isOwn = calibration?.layout.encoding === open.header.encodingSpaceRef;
    const serveBoth = this.#calibrated.delete(key);
    if (isOwn && saysNothing(this.#header, open.header)) {
      // A scan of its own repeats lines of the image; lines between those of the image belong to it.
      if (serveBoth || !open.lines.sharesLines(calibration!)) {
        open.lines.fillFrom(calibration!);
        calibration = undefined;
      }
    }
    const resolved = this.#resolve(open);
    return [new RawBin({ ...open, resolved, noise: this.#noise, calibration, sign: this.sign })];
  }
}

/** What tells images apart. */
export function binKey({ encodingSpaceRef, idx }: AcquisitionHeader): string {
  const { slice, contrast, phase, repetition, set } = idx;
  return [encodingSpaceRef, set, repetition, phase, contrast, slice].join(" ");
}

/** Images of which slice calibration lines serve. */
export function calibrationKey({ encodingSpaceRef, idx }: AcquisitionHeader): string {
  return `${encodingSpaceRef} ${idx.slice}`;
}

/**
 * Keys of the calibration lines that may serve an image, the first that there are: those of its own
 * encoding, or of another one with the same field of view.
 */
export function calibrationKeys({ encodings }: MrdHeader, line: AcquisitionHeader): string[] {
  const own = encodings[line.encodingSpaceRef];
  const others = encodings.flatMap((other, index) =>
    other !== own && own !== undefined && haveSameField(own, other) ? [index] : []
  );
  return [line.encodingSpaceRef, ...others].map((encodingSpaceRef) =>
    calibrationKey({ ...line, encodingSpaceRef })
  );
}

/** Whether samples of one encoding lie as far apart as those of the other, and images overlap. */
function haveSameField(one: Encoding, other: Encoding): boolean {
  const close = (a: number, b: number) => Math.abs(a - b) <= SAME_FIELD * Math.max(a, b);
  const is3d = ({ encodedSpace }: Encoding) => encodedSpace.matrix[2] > 1;
  const axes = is3d(one) ? [0, 1, 2] : [0, 1];
  return is3d(one) === is3d(other) &&
    axes.every((i) => close(one.encodedSpace.fieldOfView[i], other.encodedSpace.fieldOfView[i])) &&
    close(one.reconSpace.fieldOfView[0], other.reconSpace.fieldOfView[0]);
}

/** Whether the header does not say what calibration lines belong to. */
function saysNothing({ encodings }: MrdHeader, { encodingSpaceRef }: AcquisitionHeader): boolean {
  const mode = encodings[encodingSpaceRef]?.parallelImaging?.calibrationMode;
  return mode === undefined || mode === "other";
}

/** Whether calibration lines have the contrast of the image, and are lines of it. */
export function isPartOfImage(header: MrdHeader, { encodingSpaceRef }: AcquisitionHeader): boolean {
  const mode = header.encodings[encodingSpaceRef]?.parallelImaging?.calibrationMode;
  return mode === "embedded" || mode === "interleaved";
}
