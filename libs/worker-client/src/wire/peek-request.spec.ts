import { describe, expect, it } from '@jest/globals';
import { PlayRequest } from '@meridian/protocol';
import fc from 'fast-check';
import { bytes, checkpoint, request } from '../testing/messages.ts';
import { peekRequest } from './peek-request.ts';

const encode = (message: PlayRequest) => Buffer.from(PlayRequest.encode(message).finish());

describe('peekRequest', () => {
  it('agrees with the generated code', () => {
    fc.assert(
      fc.property(request, (message) => expect(peekRequest(encode(message))).toBe(message.message?.$case)),
    );
  });

  it('agrees with the generated code when messages are joined: the last one counts', () => {
    fc.assert(
      fc.property(request, request, (first, second) => {
        const joined = Buffer.concat([encode(first), encode(second)]);
        expect(peekRequest(joined)).toBe(PlayRequest.decode(joined).message?.$case);
      }),
    );
  });

  it('takes nothing with a restore in it, before, between or behind what a client may ask', () => {
    const restore = checkpoint.map(({ value }) => encode({ message: { $case: 'restore', value } }));
    const others = fc.array(request.map(encode), { maxLength: 2 });
    fc.assert(
      fc.property(others, restore, others, (before, smuggled, behind) => {
        expect(peekRequest(Buffer.concat([...before, smuggled, ...behind]))).toBeUndefined();
      }),
    );
  });

  it.each([
    ['as a number', Buffer.from([0x10, 0x01])],
    ['with a tag of more bytes than needed', Buffer.from([0x92, 0x80, 0x00, 0x00])],
    ['as a group', Buffer.from([0x13, 0x14])],
  ])('takes no restore %s, either', (_how, smuggled) => {
    const action = encode({
      message: { $case: 'action', value: { seq: 1, clientTimeUs: 0, buttons: [], axes: {}, text: '' } },
    });
    expect(peekRequest(Buffer.concat([action, smuggled]))).toBeUndefined();
  });

  it('takes nothing that the generated code cannot decode', () => {
    const nearly = request.chain((message) => {
      const whole = encode(message);
      return fc.tuple(fc.nat(whole.length), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
        const broken = Uint8Array.from(whole);
        broken[at] = byte;
        return broken;
      });
    });
    fc.assert(
      fc.property(fc.oneof(bytes, nearly), (maybe) => {
        const kind = peekRequest(Buffer.from(maybe));
        if (kind) expect(PlayRequest.decode(maybe).message?.$case).toBe(kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello world')],
    ['JSON', Buffer.from('{"action":{"seq":1}}')],
    ['no known field', Buffer.from([0x20, 0x01])],
    ['a cut action', Buffer.from([0x0a, 0x05, 0x08])],
    ['a wrong type', Buffer.from([0x0a, 0x05, 0x0d, 0x01, 0x01, 0x01, 0x01])],
    ['a format of a wrong type', Buffer.from([0x1a, 0x02, 0x0a, 0x00])],
    ['text that is not UTF-8', Buffer.from([0x0a, 0x03, 0x2a, 0x01, 0xff])],
    ['a number above 2^53', Buffer.from([0x0a, 0x09, 0x11, 0, 0, 0, 0, 0, 0, 0x20, 0])],
  ])('refuses %s', (_what, garbage) => {
    expect(peekRequest(garbage)).toBeUndefined();
  });
});
