// What bytes of a client ask for. Only the form is looked at, as strictly as the strictest decoder of any worker's
// language would: a worker must not fail on bytes that we let through. It judges what the fields say (too many buttons,
// an axis out of range, an unknown codec) by itself. Requests are small, so their text is looked at too.
// A restore, feedback and a hand-over are the gateway's own words to a worker: bytes with one in them, in whatever place,
// are none of a client's.
import { isUtf8 } from 'node:buffer';
import { FieldReader, MalformedBytes, WireType, tagOf, walk } from './field-reader.ts';

export type RequestKind = 'action' | 'format' | 'removeDevice';

export interface PeekedRequest {
  readonly kind: RequestKind;
  /** The device to be sent away, of a `removeDevice`; else 0. */
  readonly removedDevice: number;
  /** The client wrote `device` by itself: what the gateway says must stand behind it, 0 included. */
  readonly saysDevice: boolean;
  /** The client wrote `gateway_received_us` by itself. */
  readonly saysReceivedUs: boolean;
}

interface Found {
  kind: RequestKind | undefined;
  removedDevice: number;
  saysDevice: boolean;
  saysReceivedUs: boolean;
}

type FieldCheck = (reader: FieldReader, source: Buffer, found: Found) => void;
type FieldChecks = ReadonlyMap<number, FieldCheck>;

const number: FieldCheck = (reader) => void reader.varint();
const fixed64: FieldCheck = (reader) => void reader.fixed64();
const float: FieldCheck = (reader) => reader.skip();
const text: FieldCheck = (reader, source) => {
  if (!isUtf8(reader.bytesOf(source))) throw new MalformedBytes('text is not UTF-8');
};
const forbidden: FieldCheck = () => {
  throw new MalformedBytes('a word of the gateway from a client');
};
const inner =
  (kind: RequestKind, fields: FieldChecks): FieldCheck =>
  (reader, source, found) => {
    found.kind = kind;
    found.removedDevice = 0;
    check(reader.enter(), source, fields, found);
  };

/** Checks by tag; a known field with another wire type is malformed, an unknown field is passed over. */
const AXES_ENTRY: FieldChecks = new Map([
  [tagOf(1, WireType.bytes), text],
  [tagOf(2, WireType.fixed32), float],
]);
const axesEntry: FieldCheck = (reader, source, found) => check(reader.enter(), source, AXES_ENTRY, found);
const ACTION_FIELDS: FieldChecks = new Map([
  [tagOf(1, WireType.varint), number],
  [tagOf(2, WireType.fixed64), fixed64],
  [tagOf(3, WireType.bytes), text],
  [tagOf(4, WireType.bytes), axesEntry],
  [tagOf(5, WireType.bytes), text],
]);
const FORMAT_FIELDS: FieldChecks = new Map(
  [1, 2, 3, 4].map((field) => [tagOf(field, WireType.varint), number]),
);
const REMOVE_DEVICE_FIELDS: FieldChecks = new Map([
  [tagOf(1, WireType.varint), (reader, _source, found) => void (found.removedDevice = reader.varint())],
]);
const REQUEST_FIELDS: FieldChecks = new Map([
  [tagOf(1, WireType.bytes), inner('action', ACTION_FIELDS)],
  [tagOf(2, WireType.bytes), forbidden],
  [tagOf(3, WireType.bytes), inner('format', FORMAT_FIELDS)],
  [tagOf(4, WireType.bytes), forbidden],
  [tagOf(5, WireType.bytes), forbidden],
  [tagOf(6, WireType.bytes), inner('removeDevice', REMOVE_DEVICE_FIELDS)],
  [
    tagOf(14, WireType.varint),
    (reader, _source, found) => {
      reader.varint();
      found.saysDevice = true;
    },
  ],
  [
    tagOf(15, WireType.fixed64),
    (reader, _source, found) => {
      reader.fixed64();
      found.saysReceivedUs = true;
    },
  ],
]);

/** A PlayRequest that a client may send, with the last message of several as in the generated code; else undefined. */
export function peekRequest(message: Buffer): PeekedRequest | undefined {
  return walk(() => {
    const found: Found = { kind: undefined, removedDevice: 0, saysDevice: false, saysReceivedUs: false };
    check(new FieldReader(message), message, REQUEST_FIELDS, found);
    const { kind } = found;
    return kind && { ...found, kind };
  }, undefined);
}

function check(reader: FieldReader, source: Buffer, fields: FieldChecks, found: Found): void {
  while (reader.next()) {
    const checkField = fields.get(reader.tag);
    if (checkField) checkField(reader, source, found);
    else if (isKnownField(reader.tag, fields)) throw new MalformedBytes('a field of another type');
    else reader.skip();
  }
}

function isKnownField(tag: number, fields: FieldChecks): boolean {
  const field = Math.floor(tag / 8);
  return [...fields.keys()].some((known) => Math.floor(known / 8) === field);
}
