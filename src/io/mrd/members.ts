/**
 * Where the members of a header lie in the records of a file, and where in the bytes of the stream.
 * @module
 */
import { H5T, type Hdf5Metadata } from "../hdf5/library.ts";
import { ACQUISITION_FIELDS, COUNTER_FIELDS } from "./acquisition_header.ts";
import type { RecordKind } from "./records.ts";
import { type Field, fieldBytes } from "./struct.ts";
import { WAVEFORM_FIELDS } from "./waveform_header.ts";

/** Bytes to copy from a record of the file into a header of the stream. */
export interface HeaderCopy {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

type Member = Hdf5Metadata & { readonly name: string; readonly offset: number };

/** Names of members that do not follow from ours. */
const NAMES: Readonly<Record<string, string>> = {
  kspaceEncodeStep1: "kspace_encode_step_1",
  kspaceEncodeStep2: "kspace_encode_step_2",
};

const snakeCase = (name: string) =>
  NAMES[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * How to bring the member `head` of a record into the bytes of the stream.
 * @returns undefined when a member is missing or of another size
 */
export function headerCopies(head: Member, kind: RecordKind): HeaderCopy[] | undefined {
  const fields = kind === "data" ? ACQUISITION_FIELDS : WAVEFORM_FIELDS;
  const copies = copiesOf(head, head.offset, fields);
  if (kind === "waveforms" || copies === undefined) return merged(copies);
  const idx = head.compound_type?.members.find(({ name }) => name === "idx");
  const counters = idx && copiesOf(idx, head.offset + idx.offset, COUNTER_FIELDS);
  return merged(counters && [...copies, ...counters]);
}

function copiesOf(
  parent: Member,
  base: number,
  fields: Readonly<Record<string, Field>>,
): HeaderCopy[] | undefined {
  const members = new Map(parent.compound_type?.members.map((member) => [member.name, member]));
  const copies: HeaderCopy[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const member = members.get(snakeCase(name));
    const bytes = fieldBytes(field);
    if (member?.size !== bytes || !isPlain(member)) return undefined;
    copies.push({ from: base + member.offset, to: field.at, bytes });
  }
  return copies;
}

/** Little-endian numbers: nothing else can be copied as it is. */
function isPlain({ type, littleEndian, array_type }: Hdf5Metadata): boolean {
  if (type === H5T.array) return array_type !== undefined && isPlain(array_type);
  return (type === H5T.integer || type === H5T.float) && littleEndian !== false;
}

/** Joins copies that continue each other: one for the whole header where nothing is moved. */
function merged(copies: readonly HeaderCopy[] | undefined): HeaderCopy[] | undefined {
  if (copies === undefined) return undefined;
  const result: HeaderCopy[] = [];
  for (const copy of copies.toSorted((a, b) => a.to - b.to)) {
    const last = result.at(-1);
    if (last && last.from + last.bytes === copy.from && last.to + last.bytes === copy.to) {
      result[result.length - 1] = { ...last, bytes: last.bytes + copy.bytes };
    } else {
      result.push(copy);
    }
  }
  return result;
}
