/**
 * Where the measurements of a Siemens raw data file (`.dat`, "twix") lie. Up to VB a file is one
 * measurement; from VD on it begins with a table of up to 64.
 * @module
 */
import type { HeaderFields, HeaderValues } from "../../mrd/values.ts";
import type { ByteSource } from "../bytes.ts";
import { HeaderFormat } from "../mrd/headers.ts";
import { unreadable } from "../unreadable.ts";
import { looksLikeProtocol } from "./protocol.ts";

const TABLE_FIELDS = { size: "u32", count: "u32" } as const satisfies HeaderFields;
const TABLE = new HeaderFormat<HeaderValues<typeof TABLE_FIELDS>>("a table", TABLE_FIELDS);
const MAX_MEASUREMENTS = 64;

const ENTRY_FIELDS = {
  measurementId: "u32",
  fileId: "u32",
  start: "u64",
  length: "u64",
} as const satisfies HeaderFields;
const ENTRY = new HeaderFormat<HeaderValues<typeof ENTRY_FIELDS>>("an entry", ENTRY_FIELDS);
const NAME_BYTES = 64;
/** The name of the patient, which is not read, stands before that of the protocol. */
const PROTOCOL_AT = ENTRY.bytes + NAME_BYTES;
const ENTRY_BYTES = PROTOCOL_AT + NAME_BYTES;

/** Where a measurement lies. */
export interface MeasurementPlace {
  readonly start: number;
  readonly end: number;
  /** Name of its protocol; up to VB it stands in the measurement. */
  readonly name?: string;
}

export interface TwixContainer {
  readonly software: "VB" | "VD";
  readonly measurements: readonly MeasurementPlace[];
}

/** Whether the content is Siemens raw data. */
export function isTwix(source: ByteSource): boolean {
  if (looksLikeProtocol(source, 0)) return true;
  const count = tableCount(source);
  return count !== undefined && looksLikeProtocol(source, Number(entryAt(source, 0).start));
}

/** Finds the measurements. @throws {InputError} when the table makes no sense */
export function findMeasurements(source: ByteSource): TwixContainer {
  const { path, size } = source;
  if (looksLikeProtocol(source, 0)) {
    return { software: "VB", measurements: [{ start: 0, end: size }] };
  }
  const count = tableCount(source);
  if (count === undefined) throw unreadable(path, "Siemens raw data are", "something else");
  const measurements = Array.from({ length: count }, (_, i) => {
    const { start, length, name } = entryAt(source, i);
    const end = length === 0n ? BigInt(size) : start + length;
    if (end > BigInt(Number.MAX_SAFE_INTEGER) || start < TABLE.bytes + count * ENTRY_BYTES) {
      throw unreadable(path, `a possible place of measurement ${i} is`, `${start} to ${end}`);
    }
    return { start: Number(start), end: Number(end), name };
  });
  return { software: "VD", measurements };
}

function tableCount(source: ByteSource): number | undefined {
  if (source.size < TABLE.bytes) return undefined;
  const { count } = TABLE.parse(source.read(0, TABLE.bytes));
  const fits = TABLE.bytes + count * ENTRY_BYTES <= source.size;
  return count > 0 && count <= MAX_MEASUREMENTS && fits ? count : undefined;
}

function entryAt(source: ByteSource, index: number) {
  const bytes = source.read(TABLE.bytes + index * ENTRY_BYTES, ENTRY_BYTES);
  const [name] = new TextDecoder("latin1").decode(bytes.subarray(PROTOCOL_AT)).split("\0", 1);
  return { ...ENTRY.parse(bytes), name };
}
