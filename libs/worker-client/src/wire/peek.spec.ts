import { describe, expect, it } from '@jest/globals';
import { Checkpoint, NoticeKind, PlayRequest, PlayResponse } from '@meridian/protocol';
import fc from 'fast-check';
import { Envelope } from './envelope.ts';
import { isPlayRequest } from './is-play-request.ts';
import { checkpointIn, peek, type Peeked } from './peek.ts';

const count = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 });

const frame = fc.record({
  $case: fc.constant('frame' as const),
  value: fc.record({
    number: count,
    keyframe: fc.boolean(),
    codec: fc.integer({ min: 0, max: 3 }),
    width: fc.nat(),
    height: fc.nat(),
    lastActionSeq: count,
    epoch: count,
    actionReceivedUs: count,
    stepStartedUs: count,
    stepEndedUs: count,
    encodedUs: count,
    image: bytes,
  }),
});
const notice = fc.record({
  $case: fc.constant('notice' as const),
  value: fc.record({
    kind: fc.integer({ min: 0, max: NoticeKind.ENDED }),
    endReason: fc.string(),
    detail: fc.string({ unit: 'grapheme' }),
    epoch: count,
    nextFrameNumber: count,
  }),
});
const action = fc.record({
  seq: count,
  clientTimeUs: count,
  buttons: fc.array(fc.string(), { maxLength: 5 }),
  // A decoder that puts them in a plain object cannot keep `__proto__`.
  axes: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.float({ min: -1, max: 1, noNaN: true }),
  ),
  text: fc.string({ unit: 'grapheme' }),
});
const checkpoint = fc.record({
  $case: fc.constant('checkpoint' as const),
  value: fc.record({
    model: fc.string(),
    modelVersion: fc.string(),
    epoch: count,
    frameNumber: count,
    lastActionSeq: count,
    state: bytes,
    action: fc.option(action, { nil: undefined }),
  }),
});
const response: fc.Arbitrary<PlayResponse> = fc.record({
  message: fc.option(fc.oneof(frame, notice, checkpoint), { nil: undefined }),
  gatewaySentUs: count,
});
const request: fc.Arbitrary<PlayRequest> = fc.record({
  message: action.map((value) => ({ $case: 'action' as const, value })),
});

/** What the generated code sees, in the words of `peek`. */
function decoded({ message }: PlayResponse): Peeked {
  if (!message) return { kind: 'unknown' };
  const { $case, value } = message;
  if ($case === 'frame') {
    return { kind: $case, number: value.number, keyframe: value.keyframe, epoch: value.epoch };
  }
  if ($case === 'notice') return { kind: $case, notice: value.kind, epoch: value.epoch };
  return { kind: $case, epoch: value.epoch, frameNumber: value.frameNumber };
}

const encode = (message: PlayResponse) => Buffer.from(PlayResponse.encode(message).finish());

describe('peek', () => {
  it('agrees with the generated code', () => {
    fc.assert(fc.property(response, (message) => expect(peek(encode(message))).toEqual(decoded(message))));
  });

  it('agrees with the generated code when messages are joined: the last one counts', () => {
    fc.assert(
      fc.property(response, response, (first, second) => {
        const joined = Buffer.concat([encode(first), encode(second)]);
        expect(peek(joined)).toEqual(decoded(PlayResponse.decode(joined)));
      }),
    );
  });

  it('never throws, and calls malformed whatever is cut in the middle of a field', () => {
    fc.assert(fc.property(bytes, (garbage) => expect(() => peek(garbage)).not.toThrow()));
    fc.assert(
      fc.property(frame, fc.nat(), (message, cut) => {
        const whole = encode({ message, gatewaySentUs: 0 });
        const at = 1 + (cut % (whole.length - 1));
        expect(peek(whole.subarray(0, at)).kind).toBe('malformed');
      }),
    );
  });

  it('finds the checkpoint, byte for byte', () => {
    fc.assert(
      fc.property(checkpoint, (message) => {
        const found = checkpointIn(encode({ message, gatewaySentUs: 0 }));
        expect(found?.equals(Checkpoint.encode(message.value).finish())).toBe(true);
      }),
    );
    expect(checkpointIn(encode({ message: undefined, gatewaySentUs: 1 }))).toBeUndefined();
  });
});

describe('appendGatewaySentUs', () => {
  it('is what the generated code reads, and changes nothing else', () => {
    fc.assert(
      fc.property(response, count, (message, sentUs) => {
        const envelope = Envelope.of(encode(message));
        envelope.appendGatewaySentUs(sentUs);
        expect(PlayResponse.decode(envelope.message)).toEqual({
          ...PlayResponse.decode(encode(message)),
          gatewaySentUs: sentUs,
        });
        expect(envelope.framed.readUInt32BE(1)).toBe(envelope.message.length);
      }),
    );
  });

  it('is done once', () => {
    const envelope = Envelope.of(Buffer.alloc(0));
    envelope.appendGatewaySentUs(1);
    expect(() => envelope.appendGatewaySentUs(2)).toThrow('stamped once');
  });
});

describe('isPlayRequest', () => {
  it('takes whatever the generated code encodes', () => {
    fc.assert(
      fc.property(request, (message) => {
        expect(isPlayRequest(Buffer.from(PlayRequest.encode(message).finish()))).toBe(true);
      }),
    );
  });

  it('takes nothing that the generated code cannot decode', () => {
    const nearly = request.chain((message) => {
      const whole = PlayRequest.encode(message).finish();
      return fc.tuple(fc.nat(whole.length), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
        const broken = Uint8Array.from(whole);
        broken[at] = byte;
        return broken;
      });
    });
    fc.assert(
      fc.property(fc.oneof(bytes, nearly), (maybe) => {
        if (isPlayRequest(Buffer.from(maybe)))
          expect(PlayRequest.decode(maybe).message?.$case).toBe('action');
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello world')],
    ['JSON', Buffer.from('{"action":{"seq":1}}')],
    ['no action', Buffer.from([0x18, 0x01])],
    ['a cut action', Buffer.from([0x0a, 0x05, 0x08])],
    ['a wrong type', Buffer.from([0x0a, 0x05, 0x0d, 0x01, 0x01, 0x01, 0x01])],
    ['text that is not UTF-8', Buffer.from([0x0a, 0x03, 0x2a, 0x01, 0xff])],
    ['a number above 2^53', Buffer.from([0x0a, 0x09, 0x11, 0, 0, 0, 0, 0, 0, 0x20, 0])],
  ])('refuses %s', (_what, garbage) => {
    expect(isPlayRequest(garbage)).toBe(false);
  });
});
