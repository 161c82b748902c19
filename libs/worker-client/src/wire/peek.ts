// What a gateway must know of a message, found by walking its tags. The image is passed over by its length.
// Field numbers are those of session_stream.proto; peek.spec.ts holds them against the generated code.
import type { NoticeKind } from '@meridian/protocol';
import { FieldReader, WireType, tagOf, walk } from './field-reader.ts';

export type Peeked =
  | PeekedFrame
  | { readonly kind: 'notice'; readonly notice: NoticeKind; readonly epoch: number }
  | { readonly kind: 'checkpoint'; readonly epoch: number; readonly frameNumber: number }
  | { readonly kind: 'draining'; readonly withinMs: number }
  /** Well-formed, with nothing in it that is known here. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' };

export interface PeekedFrame {
  readonly kind: 'frame';
  readonly number: number;
  readonly keyframe: boolean;
  readonly epoch: number;
  /** The newest action that the frame has seen, of this device. */
  readonly lastActionSeq: number;
  readonly lastActionDevice: number;
}

/** When a frame and its newest action passed each place, microseconds since the Unix epoch; 0 when unknown. */
export interface FrameTimes {
  /** The gateway's clock. */
  readonly actionGatewayUs: number;
  /** The worker's clock, as the three below. */
  readonly actionReceivedUs: number;
  readonly stepStartedUs: number;
  readonly stepEndedUs: number;
  readonly encodedUs: number;
}

const UNKNOWN: Peeked = { kind: 'unknown' };
const MALFORMED: Peeked = { kind: 'malformed' };

const FRAME = tagOf(1, WireType.bytes);
const FRAME_NUMBER = tagOf(1, WireType.varint);
const FRAME_KEYFRAME = tagOf(2, WireType.varint);
const FRAME_LAST_ACTION_SEQ = tagOf(6, WireType.varint);
const FRAME_EPOCH = tagOf(7, WireType.varint);
const FRAME_ACTION_RECEIVED_US = tagOf(8, WireType.fixed64);
const FRAME_STEP_STARTED_US = tagOf(9, WireType.fixed64);
const FRAME_STEP_ENDED_US = tagOf(10, WireType.fixed64);
const FRAME_ENCODED_US = tagOf(11, WireType.fixed64);
const FRAME_LAST_ACTION_DEVICE = tagOf(12, WireType.varint);
const FRAME_ACTION_GATEWAY_US = tagOf(13, WireType.fixed64);
const NOTICE = tagOf(2, WireType.bytes);
const NOTICE_KIND = tagOf(1, WireType.varint);
const NOTICE_EPOCH = tagOf(4, WireType.varint);
const CHECKPOINT = tagOf(3, WireType.bytes);
const CHECKPOINT_EPOCH = tagOf(3, WireType.varint);
const CHECKPOINT_FRAME_NUMBER = tagOf(4, WireType.varint);
const DRAINING = tagOf(4, WireType.bytes);
const DRAINING_WITHIN_MS = tagOf(1, WireType.varint);

/** Looks at a PlayResponse. Of repeated fields the last one counts, as in the generated code. */
export function peek(message: Uint8Array): Peeked {
  return walk(() => {
    const reader = new FieldReader(message);
    let peeked: Peeked = UNKNOWN;
    while (reader.next()) {
      if (reader.tag === FRAME) peeked = peekFrame(reader.enter());
      else if (reader.tag === NOTICE) peeked = peekNotice(reader.enter());
      else if (reader.tag === CHECKPOINT) peeked = peekCheckpoint(reader.enter());
      else if (reader.tag === DRAINING) peeked = peekDraining(reader.enter());
      else reader.skip();
    }
    return peeked;
  }, MALFORMED);
}

function peekFrame(reader: FieldReader): Peeked {
  let number = 0;
  let keyframe = false;
  let epoch = 0;
  let lastActionSeq = 0;
  let lastActionDevice = 0;
  while (reader.next()) {
    if (reader.tag === FRAME_NUMBER) number = reader.varint();
    else if (reader.tag === FRAME_KEYFRAME) keyframe = reader.varint() !== 0;
    else if (reader.tag === FRAME_LAST_ACTION_SEQ) lastActionSeq = reader.varint();
    else if (reader.tag === FRAME_EPOCH) epoch = reader.varint();
    else if (reader.tag === FRAME_LAST_ACTION_DEVICE) lastActionDevice = reader.varint();
    else reader.skip();
  }
  return { kind: 'frame', number, keyframe, epoch, lastActionSeq, lastActionDevice };
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

function peekDraining(reader: FieldReader): Peeked {
  let withinMs = 0;
  while (reader.next()) {
    if (reader.tag === DRAINING_WITHIN_MS) withinMs = reader.varint();
    else reader.skip();
  }
  return { kind: 'draining', withinMs };
}

/**
 * The times of a frame; undefined when the message is none or a time is out of range. A walk of its own, for few
 * frames are the first to show an action.
 */
export function frameTimesIn(message: Uint8Array): FrameTimes | undefined {
  return walk(() => {
    const reader = new FieldReader(message);
    let times: FrameTimes | undefined;
    while (reader.next()) {
      if (reader.tag === FRAME) times = readTimes(reader.enter());
      else reader.skip();
    }
    return times;
  }, undefined);
}

function readTimes(reader: FieldReader): FrameTimes {
  const times = { actionGatewayUs: 0, actionReceivedUs: 0, stepStartedUs: 0, stepEndedUs: 0, encodedUs: 0 };
  while (reader.next()) {
    if (reader.tag === FRAME_ACTION_RECEIVED_US) times.actionReceivedUs = reader.fixed64();
    else if (reader.tag === FRAME_STEP_STARTED_US) times.stepStartedUs = reader.fixed64();
    else if (reader.tag === FRAME_STEP_ENDED_US) times.stepEndedUs = reader.fixed64();
    else if (reader.tag === FRAME_ENCODED_US) times.encodedUs = reader.fixed64();
    else if (reader.tag === FRAME_ACTION_GATEWAY_US) times.actionGatewayUs = reader.fixed64();
    else reader.skip();
  }
  return times;
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
