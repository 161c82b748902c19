// What bytes of a client ask for. Only the form is looked at, as strictly as the strictest decoder of any worker's
// language would: a worker must not fail on bytes that we let through. It judges what the fields say (too many buttons,
// an axis out of range, an unknown codec) by itself. Requests are small, so their text is looked at too.
// A restore is the gateway's own word to a worker: bytes with one in them, in whatever place, are none of a client's.
import { isUtf8 } from 'node:buffer';
import { FieldReader, MalformedBytes, WireType, tagOf, walk } from './field-reader.ts';

export type RequestKind = 'action' | 'format';

const ACTION = tagOf(1, WireType.bytes);
const RESTORE = tagOf(2, WireType.bytes);
const FORMAT = tagOf(3, WireType.bytes);

type FieldCheck = (reader: FieldReader, source: Buffer) => void;

const number: FieldCheck = (reader) => void reader.varint();
const fixed64: FieldCheck = (reader) => void reader.fixed64();
const float: FieldCheck = (reader) => reader.skip();
const text: FieldCheck = (reader, source) => {
  if (!isUtf8(reader.bytesOf(source))) throw new MalformedBytes('text is not UTF-8');
};
const restore: FieldCheck = () => {
  throw new MalformedBytes('a restore from a client');
};

/** Checks by tag; a known field with another wire type is malformed, an unknown field is passed over. */
const AXES_ENTRY = new Map([
  [tagOf(1, WireType.bytes), text],
  [tagOf(2, WireType.fixed32), float],
]);
const axesEntry: FieldCheck = (reader, source) => check(reader.enter(), source, AXES_ENTRY);
const ACTION_FIELDS = new Map([
  [tagOf(1, WireType.varint), number],
  [tagOf(2, WireType.fixed64), fixed64],
  [tagOf(3, WireType.bytes), text],
  [tagOf(4, WireType.bytes), axesEntry],
  [tagOf(5, WireType.bytes), text],
]);
const FORMAT_FIELDS = new Map([1, 2, 3, 4].map((field) => [tagOf(field, WireType.varint), number]));

/** The kind of a PlayRequest that a client may send, the last one of several as in the generated code; else undefined. */
export function peekRequest(message: Buffer): RequestKind | undefined {
  return walk(() => {
    let kind: RequestKind | undefined;
    const inner =
      (is: RequestKind, fields: ReadonlyMap<number, FieldCheck>): FieldCheck =>
      (reader, source) => {
        check(reader.enter(), source, fields);
        kind = is;
      };
    const fields = new Map([
      [ACTION, inner('action', ACTION_FIELDS)],
      [RESTORE, restore],
      [FORMAT, inner('format', FORMAT_FIELDS)],
    ]);
    check(new FieldReader(message), message, fields);
    return kind;
  }, undefined);
}

function check(reader: FieldReader, source: Buffer, fields: ReadonlyMap<number, FieldCheck>): void {
  while (reader.next()) {
    const checkField = fields.get(reader.tag);
    if (checkField) checkField(reader, source);
    else if (isKnownField(reader.tag, fields)) throw new MalformedBytes('a field of another type');
    else reader.skip();
  }
}

function isKnownField(tag: number, fields: ReadonlyMap<number, FieldCheck>): boolean {
  const field = Math.floor(tag / 8);
  return [...fields.keys()].some((known) => Math.floor(known / 8) === field);
}
