import { describe, expect, it } from '@jest/globals';
import { PlayRequest } from '@meridian/protocol';
import fc from 'fast-check';
import { bytes, count, device, gatewayRequest, request } from '../testing/messages.ts';
import { peekRequest } from './peek-request.ts';
import { stampRequest } from './stamp-request.ts';

const encode = (message: PlayRequest) => Buffer.from(PlayRequest.encode(message).finish());

/** What the generated code sees, in the words of `peekRequest`; a field of value 0 is not written. */
const decoded = ({ message, device: said, gatewayReceivedUs }: PlayRequest) => ({
  kind: message?.$case,
  removedDevice: message?.$case === 'removeDevice' ? message.value.device : 0,
  saysDevice: said !== 0,
  saysReceivedUs: gatewayReceivedUs !== 0,
});

describe('peekRequest', () => {
  it('agrees with the generated code', () => {
    fc.assert(
      fc.property(request, (message) => expect(peekRequest(encode(message))).toEqual(decoded(message))),
    );
  });

  it('agrees with the generated code when messages are joined: the last one counts', () => {
    fc.assert(
      fc.property(request, request, (first, second) => {
        const joined = Buffer.concat([encode(first), encode(second)]);
        expect(peekRequest(joined)).toEqual(decoded(PlayRequest.decode(joined)));
      }),
    );
  });

  it('takes nothing with a word of the gateway in it, before, between or behind what a client may ask', () => {
    const others = fc.array(request.map(encode), { maxLength: 2 });
    fc.assert(
      fc.property(others, gatewayRequest.map(encode), others, (before, smuggled, behind) => {
        expect(peekRequest(Buffer.concat([...before, smuggled, ...behind]))).toBeUndefined();
      }),
    );
  });

  it.each([
    ['as a number', Buffer.from([0x10, 0x01])],
    ['as feedback with a tag of more bytes than needed', Buffer.from([0xa2, 0x80, 0x00, 0x00])],
    ['as an empty hand-over', Buffer.from([0x2a, 0x00])],
    ['with a tag of more bytes than needed', Buffer.from([0x92, 0x80, 0x00, 0x00])],
    ['as a group', Buffer.from([0x13, 0x14])],
  ])('takes no word of the gateway %s, either', (_how, smuggled) => {
    const action = encode(PlayRequest.fromPartial({ message: { $case: 'action', value: { seq: 1 } } }));
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
        const peeked = peekRequest(Buffer.from(maybe));
        if (peeked) expect(PlayRequest.decode(maybe).message?.$case).toBe(peeked.kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello world')],
    ['JSON', Buffer.from('{"action":{"seq":1}}')],
    ['no known field', Buffer.from([0x38, 0x01])],
    ['nothing but a device', Buffer.from([0x70, 0x01])],
    ['a device of a wrong type', Buffer.from([0x0a, 0x00, 0x72, 0x00])],
    ['a cut action', Buffer.from([0x0a, 0x05, 0x08])],
    ['a wrong type', Buffer.from([0x0a, 0x05, 0x0d, 0x01, 0x01, 0x01, 0x01])],
    ['a format of a wrong type', Buffer.from([0x1a, 0x02, 0x0a, 0x00])],
    ['text that is not UTF-8', Buffer.from([0x0a, 0x03, 0x2a, 0x01, 0xff])],
    ['a number above 2^53', Buffer.from([0x0a, 0x09, 0x11, 0, 0, 0, 0, 0, 0, 0x20, 0])],
  ])('refuses %s', (_what, garbage) => {
    expect(peekRequest(garbage)).toBeUndefined();
  });
});

describe('stampRequest', () => {
  it('overrides what the client wrote, and changes nothing else', () => {
    fc.assert(
      fc.property(request, device, count, (sent, from, gatewayReceivedUs) => {
        const message = encode(sent);
        const peeked = peekRequest(message);
        if (!peeked) throw new Error('a request was expected');
        const stamped = stampRequest(message, { device: from, gatewayReceivedUs }, peeked);
        expect(PlayRequest.decode(stamped)).toEqual({
          ...PlayRequest.decode(message),
          device: from,
          gatewayReceivedUs,
        });
        expect(stamped.subarray(0, message.length).equals(message)).toBe(true);
      }),
    );
  });

  it('says nothing of the owner to whom nothing was said', () => {
    const message = encode(PlayRequest.fromPartial({ message: { $case: 'action', value: { seq: 1 } } }));
    const stamped = stampRequest(message, { device: 0, gatewayReceivedUs: 1 }, { saysDevice: false });
    expect(stamped.length).toBe(message.length + 9);
  });
});
