/**
 * Leaves sizes of an ONNX model's inputs and outputs open.
 *
 * Our graphs have static shapes. A network whose operators store no sizes (convolutions, additions,
 * activations) runs at any size nevertheless, once the shapes that its file declares carry names in
 * place of numbers; this rewrites just those bytes, through the path of messages that leads to them.
 * @module
 */

/** Names of the sizes of one input or output, e.g. `["N", 2, "H", "W"]`; numbers are fixed. */
export type OpenShape = readonly (string | number)[];

/** Field numbers of onnx.proto3. */
const MODEL_GRAPH = 7;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;
const VALUE_TYPE = 2;
const TYPE_TENSOR = 1;
const TENSOR_SHAPE = 2;
const SHAPE_DIM = 1;
const DIM_VALUE = 1;
const DIM_NAME = 2;
/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * The model with other declared shapes; what it computes is untouched.
 * @param bytes an ONNX model
 * @param shapes by name of input or output
 */
export function openSizes(
  bytes: Uint8Array,
  shapes: Readonly<Record<string, OpenShape>>,
): Uint8Array<ArrayBuffer> {
  const value = (message: Uint8Array) => {
    const name = [...fields(message)].find(({ number }) => number === VALUE_NAME)!;
    const shape = shapes[new TextDecoder().decode(name.payload)];
    if (shape === undefined) return message;
    const inTensor = rewrite({ [TENSOR_SHAPE]: () => encodeShape(shape) });
    return rewrite({ [VALUE_TYPE]: rewrite({ [TYPE_TENSOR]: inTensor }) })(message);
  };
  return rewrite({ [MODEL_GRAPH]: rewrite({ [GRAPH_INPUT]: value, [GRAPH_OUTPUT]: value }) })(
    bytes,
  );
}

/** One field of a message: the bytes of all of it, and the content of a length-delimited one. */
interface Field {
  readonly number: number;
  readonly whole: Uint8Array;
  readonly payload: Uint8Array;
}

type Edit = (message: Uint8Array) => Uint8Array;

/** Replaces the content of some fields of a message. */
function rewrite(edits: Readonly<Record<number, Edit>>) {
  return (message: Uint8Array): Uint8Array<ArrayBuffer> =>
    joined(
      [...fields(message)].map(({ number, whole, payload }) =>
        edits[number] === undefined ? whole : delimited(number, edits[number](payload))
      ),
    );
}

function* fields(message: Uint8Array): Generator<Field> {
  for (let at = 0; at < message.length;) {
    const start = at;
    const [tag, afterTag] = readVarint(message, at);
    const wire = tag % 8;
    let end = afterTag, payload = message.subarray(0, 0);
    if (wire === VARINT) end = readVarint(message, afterTag)[1];
    else if (wire === FIXED64) end = afterTag + 8;
    else if (wire === FIXED32) end = afterTag + 4;
    else if (wire === LENGTH) {
      const [length, first] = readVarint(message, afterTag);
      end = first + length;
      payload = message.subarray(first, end);
    } else throw new RangeError(`Cannot read the model: wire type ${wire} at byte ${at}`);
    at = end;
    yield { number: Math.floor(tag / 8), whole: message.subarray(start, end), payload };
  }
}

/** A number of 7-bit groups, and where the next field begins. */
function readVarint(message: Uint8Array, start: number): [number, number] {
  let value = 0, at = start;
  for (let factor = 1;; factor *= 128) {
    const byte = message[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at];
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return Uint8Array.of(...bytes, value);
}

function delimited(number: number, payload: Uint8Array): Uint8Array {
  return joined([varint(number * 8 + LENGTH), varint(payload.length), payload]);
}

function encodeShape(shape: OpenShape): Uint8Array {
  return joined(shape.map((size) =>
    delimited(
      SHAPE_DIM,
      typeof size === "string"
        ? delimited(DIM_NAME, new TextEncoder().encode(size))
        : joined([varint(DIM_VALUE * 8 + VARINT), varint(size)]),
    )
  ));
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
