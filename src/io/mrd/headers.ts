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

const BYTES: { readonly [K in NumberKind]: number } = { u16: 2, u32: 4, i32: 4, f32: 4, u64: 8 };

const GET: { readonly [K in NumberKind]: (view: DataView, at: number) => number | bigint } = {
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
};

const SET: { readonly [K in NumberKind]: (view: DataView, at: number, value: never) => void } = {
  u16: (view, at, value) => view.setUint16(at, value, true),
  u32: (view, at, value) => view.setUint32(at, value, true),
  i32: (view, at, value) => view.setInt32(at, value, true),
  f32: (view, at, value) => view.setFloat32(at, value, true),
  u64: (view, at, value) => view.setBigUint64(at, value, true),
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
  let at = start;
  return Object.entries(fields).map(([name, field]) => {
    if (typeof field === "object") {
      const inside = placesOf(field, at, aligned);
      const bytes = inside.reduce((sum, place) => sum + place.bytes, 0);
      at += bytes;
      return { name, at: at - bytes, bytes, kind: "u16", inside };
    }
    const [kind, count] = field.split("x") as [NumberKind, string | undefined];
    if (aligned) at = Math.ceil(at / BYTES[kind]) * BYTES[kind];
    const bytes = BYTES[kind] * Number(count ?? 1);
    at += bytes;
    return {
      name,
      at: at - bytes,
      bytes,
      kind,
      count: count === undefined ? count : Number(count),
    };
  });
}

function read(view: DataView, places: readonly FieldPlace[]): Values {
  const result: Record<string, unknown> = {};
  for (const { name, at, kind, count, inside } of places) {
    const get = GET[kind];
    if (inside !== undefined) result[name] = read(view, inside);
    else if (count === undefined) result[name] = get(view, at);
    else {
      const values = new Array<number | bigint>(count);
      for (let i = 0; i < count; i++) values[i] = get(view, at + i * BYTES[kind]);
      result[name] = values;
    }
  }
  return result;
}

function write(view: DataView, places: readonly FieldPlace[], values: Values): void {
  for (const { name, at, kind, count, inside } of places) {
    const value = values[name];
    if (inside !== undefined) write(view, inside, value as Values);
    else {
      const all = (count === undefined ? [value] : value) as readonly never[];
      all.slice(0, count ?? 1).forEach((one, i) => SET[kind](view, at + i * BYTES[kind], one));
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
