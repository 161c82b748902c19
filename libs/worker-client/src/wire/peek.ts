// What a gateway must know of a message, found by walking its tags. The image is passed over by its length.
// Field numbers are those of session_stream.proto; peek.spec.ts holds them against the generated code.
import type { NoticeKind } from '@meridian/protocol';
import { FieldReader, WireType, tagOf, walk } from './field-reader.ts';

export type Peeked =
  | { readonly kind: 'frame'; readonly number: number; readonly keyframe: boolean; readonly epoch: number }
  | { readonly kind: 'notice'; readonly notice: NoticeKind; readonly epoch: number }
  | { readonly kind: 'checkpoint'; readonly epoch: number; readonly frameNumber: number }
  /** Well-formed, with nothing in it that is known here. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' };

const UNKNOWN: Peeked = { kind: 'unknown' };
const MALFORMED: Peeked = { kind: 'malformed' };

const FRAME = tagOf(1, WireType.bytes);
const FRAME_NUMBER = tagOf(1, WireType.varint);
const FRAME_KEYFRAME = tagOf(2, WireType.varint);
const FRAME_EPOCH = tagOf(7, WireType.varint);
const NOTICE = tagOf(2, WireType.bytes);
const NOTICE_KIND = tagOf(1, WireType.varint);
const NOTICE_EPOCH = tagOf(4, WireType.varint);
const CHECKPOINT = tagOf(3, WireType.bytes);
const CHECKPOINT_EPOCH = tagOf(3, WireType.varint);
const CHECKPOINT_FRAME_NUMBER = tagOf(4, WireType.varint);

/** Looks at a PlayResponse. Of repeated fields the last one counts, as in the generated code. */
export function peek(message: Uint8Array): Peeked {
  return walk(() => {
    const reader = new FieldReader(message);
    let peeked: Peeked = UNKNOWN;
    while (reader.next()) {
      if (reader.tag === FRAME) peeked = peekFrame(reader.enter());
      else if (reader.tag === NOTICE) peeked = peekNotice(reader.enter());
      else if (reader.tag === CHECKPOINT) peeked = peekCheckpoint(reader.enter());
      else reader.skip();
    }
    return peeked;
  }, MALFORMED);
}

function peekFrame(reader: FieldReader): Peeked {
  let number = 0;
  let keyframe = false;
  let epoch = 0;
  while (reader.next()) {
    if (reader.tag === FRAME_NUMBER) number = reader.varint();
    else if (reader.tag === FRAME_KEYFRAME) keyframe = reader.varint() !== 0;
    else if (reader.tag === FRAME_EPOCH) epoch = reader.varint();
    else reader.skip();
  }
  return { kind: 'frame', number, keyframe, epoch };
}

function peekNotice(reader: FieldReader): Peeked {
  let notice = 0;
  let epoch = 0;
  while (reader.next()) {
    if (reader.tag === NOTICE_KIND) notice = reader.varint();
    else if (reader.tag === NOTICE_EPOCH) epoch = reader.varint();
    else reader.skip();
  }
  return { kind: 'notice', notice, epoch };
}

function peekCheckpoint(reader: FieldReader): Peeked {
  let epoch = 0;
  let frameNumber = 0;
  while (reader.next()) {
    if (reader.tag === CHECKPOINT_EPOCH) epoch = reader.varint();
    else if (reader.tag === CHECKPOINT_FRAME_NUMBER) frameNumber = reader.varint();
    else reader.skip();
  }
  return { kind: 'checkpoint', epoch, frameNumber };
}

/** The bytes of the Checkpoint in a PlayResponse, a message of their own; undefined when there is none. */
export function checkpointIn(message: Buffer): Buffer | undefined {
  return walk(() => {
    const reader = new FieldReader(message);
    let checkpoint: Buffer | undefined;
    while (reader.next()) {
      if (reader.tag === CHECKPOINT) checkpoint = reader.bytesOf(message);
      else reader.skip();
    }
    return checkpoint;
  }, undefined);
}
