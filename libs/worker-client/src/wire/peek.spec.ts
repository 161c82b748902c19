import { describe, expect, it } from '@jest/globals';
import { Checkpoint, PlayResponse } from '@meridian/protocol';
import fc from 'fast-check';
import { Envelope } from './envelope.ts';
import { checkpointIn, frameTimesIn, peek, type Peeked } from './peek.ts';
import { bytes, checkpoint, count, frame, response } from '../testing/messages.ts';

/** What the generated code sees, in the words of `peek`. */
function decoded({ message }: PlayResponse): Peeked {
  if (!message) return { kind: 'unknown' };
  const { $case, value } = message;
  if ($case === 'frame') {
    const { number, keyframe, epoch, lastActionSeq, lastActionDevice } = value;
    return { kind: $case, number, keyframe, epoch, lastActionSeq, lastActionDevice };
  }
  if ($case === 'notice') return { kind: $case, notice: value.kind, epoch: value.epoch };
  if ($case === 'draining') return { kind: $case, withinMs: value.withinMs };
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

describe('frameTimesIn', () => {
  it('agrees with the generated code', () => {
    fc.assert(
      fc.property(response, (sent) => {
        const { message } = sent;
        const found = frameTimesIn(encode(sent));
        if (message?.$case !== 'frame') return expect(found).toBeUndefined();
        const { actionGatewayUs, actionReceivedUs, stepStartedUs, stepEndedUs, encodedUs } = message.value;
        expect(found).toEqual({ actionGatewayUs, actionReceivedUs, stepStartedUs, stepEndedUs, encodedUs });
      }),
    );
  });

  it('finds none in bytes that are no message', () => {
    fc.assert(fc.property(bytes, (garbage) => expect(() => frameTimesIn(garbage)).not.toThrow()));
    expect(frameTimesIn(Buffer.from([0x0a, 0x05, 0x41]))).toBeUndefined();
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

  it('is done once, by whichever outlet comes first', () => {
    const envelope = Envelope.of(Buffer.alloc(0));
    envelope.appendGatewaySentUs(1);
    envelope.appendGatewaySentUs(2);
    expect(PlayResponse.decode(envelope.message).gatewaySentUs).toBe(1);
  });
});
