/**
 * The fixed headers of ISMRMRD 1.x as bytes, little endian: the same in a stream and in a file.
 * @module
 */
import {
  ACQUISITION_FIELDS,
  type AcquisitionHeader,
  type HeaderFields,
  IMAGE_FIELDS,
  type ImageHeader,
  type NumberKind,
  WAVEFORM_FIELDS,
  type WaveformHeader,
} from "../../mrd/values.ts";
import { unreadable } from "../unreadable.ts";

const VIEW = DataView.prototype;

/** How the kinds of numbers are stored. */
const NUMBERS: {
  readonly [K in NumberKind]: {
    readonly bytes: number;
    get(this: DataView, at: number, littleEndian: true): number | bigint;
    set(this: DataView, at: number, value: never, littleEndian: true): void;
  };
} = {
  u16: { bytes: 2, get: VIEW.getUint16, set: VIEW.setUint16 },
  u32: { bytes: 4, get: VIEW.getUint32, set: VIEW.setUint32 },
  i32: { bytes: 4, get: VIEW.getInt32, set: VIEW.setInt32 },
  f32: { bytes: 4, get: VIEW.getFloat32, set: VIEW.setFloat32 },
  u64: { bytes: 8, get: VIEW.getBigUint64, set: VIEW.setBigUint64 },
};

/** Where a field lies: numbers, or places of its own. */
export interface FieldPlace {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  readonly kind: NumberKind;
  /** Set where the field is an array. */
  readonly count?: number;
  /** Set where the field has fields. */
  readonly inside?: readonly FieldPlace[];
}

/** A kind of header: its size, its fields, and its two directions. */
export class HeaderFormat<T> {
  readonly bytes: number;
  readonly places: readonly FieldPlace[];
  readonly #what: string;

  /** @param aligned whether numbers lie as C aligns them; else they are packed */
  constructor(what: string, fields: HeaderFields, { aligned = false } = {}) {
    this.#what = what;
    this.places = placesOf(fields, 0, aligned);
    const end = this.places.at(-1)!.at + this.places.at(-1)!.bytes;
    this.bytes = aligned ? Math.ceil(end / 8) * 8 : end;
  }

  /** Reads a header. What its numbers mean is not checked. */
  parse(bytes: Uint8Array): T {
    if (bytes.length < this.bytes) {
      throw unreadable(this.#what, `${this.bytes} bytes are`, bytes.length);
    }
    return read(new DataView(bytes.buffer, bytes.byteOffset, this.bytes), this.places) as T;
  }

  /** The bytes of a header; missing members of an array are 0. */
  encode(header: T): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.bytes);
    write(new DataView(bytes.buffer), this.places, header as Values);
    return bytes;
  }
}

type Values = Readonly<Record<string, unknown>>;

function placesOf(fields: HeaderFields, start: number, aligned: boolean): FieldPlace[] {
  let end = start;
  return Object.entries(fields).map(([name, field]) => {
    if (typeof field === "object") {
      const at = end;
      const inside = placesOf(field, at, aligned);
      end = at + inside.reduce((sum, place) => sum + place.bytes, 0);
      return { name, at, bytes: end - at, kind: "u16", inside };
    }
    const [kind, size] = field.split("x") as [NumberKind, string | undefined];
    const { bytes: width } = NUMBERS[kind];
    const count = size === undefined ? undefined : Number(size);
    const at = aligned ? Math.ceil(end / width) * width : end;
    end = at + width * (count ?? 1);
    return { name, at, bytes: end - at, kind, count };
  });
}

function read(view: DataView, places: readonly FieldPlace[]): Values {
  const result: Record<string, unknown> = {};
  for (const { name, at, kind, count, inside } of places) {
    const { bytes, get } = NUMBERS[kind];
    if (inside !== undefined) result[name] = read(view, inside);
    else if (count === undefined) result[name] = get.call(view, at, true);
    else {
      const values = new Array<number | bigint>(count);
      for (let i = 0; i < count; i++) values[i] = get.call(view, at + i * bytes, true);
      result[name] = values;
    }
  }
  return result;
}

function write(view: DataView, places: readonly FieldPlace[], values: Values): void {
  for (const { name, at, kind, count, inside } of places) {
    const value = values[name];
    const { bytes, set } = NUMBERS[kind];
    if (inside !== undefined) write(view, inside, value as Values);
    else {
      const all = (count === undefined ? [value] : value) as readonly never[];
      all.slice(0, count ?? 1).forEach((one, i) => set.call(view, at + i * bytes, one, true));
    }
  }
}

/** 340 bytes. */
export const ACQUISITION: HeaderFormat<AcquisitionHeader> = new HeaderFormat(
  "an ISMRMRD acquisition header",
  ACQUISITION_FIELDS,
);

/** 198 bytes. */
export const IMAGE: HeaderFormat<ImageHeader> = new HeaderFormat(
  "an ISMRMRD image header",
  IMAGE_FIELDS,
);

/** 40 bytes, as C aligns them: this struct alone is not packed. */
export const WAVEFORM: HeaderFormat<WaveformHeader> = new HeaderFormat(
  "an ISMRMRD waveform header",
  WAVEFORM_FIELDS,
  { aligned: true },
);

/** Float32 values of the samples and of the trajectory that follow the header of an acquisition. */
export function acquisitionLengths(
  { numberOfSamples, activeChannels, trajectoryDimensions }: AcquisitionHeader,
): { readonly samples: number; readonly trajectory: number } {
  return {
    samples: 2 * numberOfSamples * activeChannels,
    trajectory: numberOfSamples * trajectoryDimensions,
  };
}
