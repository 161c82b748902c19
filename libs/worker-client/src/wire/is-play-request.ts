// Whether bytes of a client are a PlayRequest. Only the form is looked at, as strictly as the strictest decoder of any
// worker's language would: a worker must not fail on bytes that we let through. It judges what the fields say (too
// many buttons, an axis out of range) by itself. Actions are small, so their text is looked at too.
import { isUtf8 } from 'node:buffer';
import { FieldReader, MalformedBytes, WireType, tagOf, walk } from './field-reader.ts';

const ACTION = tagOf(1, WireType.bytes);

type FieldCheck = (reader: FieldReader, source: Buffer) => void;

const number: FieldCheck = (reader) => void reader.varint();
const fixed64: FieldCheck = (reader) => void reader.fixed64();
const float: FieldCheck = (reader) => reader.skip();
const text: FieldCheck = (reader, source) => {
  if (!isUtf8(reader.bytesOf(source))) throw new MalformedBytes('text is not UTF-8');
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

/** True when the bytes are a PlayRequest with an action in it. */
export function isPlayRequest(message: Buffer): boolean {
  return walk(() => {
    let hasAction = false;
    const action: FieldCheck = (reader, source) => {
      check(reader.enter(), source, ACTION_FIELDS);
      hasAction = true;
    };
    check(new FieldReader(message), message, new Map([[ACTION, action]]));
    return hasAction;
  }, false);
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
