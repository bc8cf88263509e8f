/**
 * Where the members of a header lie in the records of a file and in the bytes of the stream.
 * @module
 */
import { H5T, type Hdf5Metadata } from "../hdf5/h5wasm.ts";
import type { FieldPlace } from "./headers.ts";
import { HEADERS, type RecordKind } from "./records.ts";

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
  const copies = copiesOf(head, head.offset, HEADERS[kind].places);
  return copies && merged(copies);
}

function copiesOf(
  parent: Member,
  base: number,
  places: readonly FieldPlace[],
): HeaderCopy[] | undefined {
  const members = new Map(parent.compound_type?.members.map((member) => [member.name, member]));
  const copies: HeaderCopy[] = [];
  for (const { name, at, bytes, inside } of places) {
    const member = members.get(snakeCase(name));
    const from = base + (member?.offset ?? 0);
    const own = inside && member && copiesOf(member, from, inside);
    if (own !== undefined) copies.push(...own);
    else if (member?.size !== bytes || !isPlain(member)) return undefined;
    else copies.push({ from, to: at, bytes });
  }
  return copies;
}

/** Little-endian numbers: nothing else can be copied as it is. */
function isPlain({ type, littleEndian, array_type }: Hdf5Metadata): boolean {
  if (type === H5T.array) return array_type !== undefined && isPlain(array_type);
  return (type === H5T.integer || type === H5T.float) && littleEndian !== false;
}

/** Joins copies that continue each other: one for the whole header where nothing is moved. */
function merged(copies: readonly HeaderCopy[]): HeaderCopy[] {
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
