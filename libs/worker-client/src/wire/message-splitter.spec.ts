import { describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { Envelope } from './envelope.ts';
import { MessageMemory } from './message-memory.ts';
import { MessageSplitter } from './message-splitter.ts';
import { StatusError } from './status.ts';

const LIMIT_BYTES = 64;

/** What a splitter makes of these bytes, which lie anywhere in a larger chunk. */
function push(splitter: MessageSplitter, bytes: Buffer, before = 0, behind = 0): readonly Envelope[] {
  const chunk = Buffer.concat([Buffer.alloc(before, 0xee), bytes, Buffer.alloc(behind, 0xee)]);
  const found: Envelope[] = [];
  splitter.push(chunk, before, before + bytes.length, (envelope) => found.push(envelope));
  return found;
}

const framed = (messages: readonly Uint8Array[]) =>
  Buffer.concat(messages.map((message) => Envelope.of(message).framed));

const refusal = (bytes: Buffer) => {
  try {
    push(new MessageSplitter(LIMIT_BYTES), bytes);
  } catch (error) {
    return error instanceof StatusError ? error.status.code : undefined;
  }
  return undefined;
};

describe('MessageSplitter', () => {
  it('finds the same messages wherever the chunks are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: LIMIT_BYTES }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = framed(sent);
        const splitter = new MessageSplitter(LIMIT_BYTES);
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(
            ...push(splitter, bytes.subarray(at, at + size), turn % 7, size % 5).map(
              (envelope) => envelope.message,
            ),
          );
          at += size;
        }
        expect(found.map((message) => [...message])).toEqual(sent.map((message) => [...message]));
        expect(splitter.isPartial).toBe(false);
      }),
    );
  });

  it('never writes over a message that was not released, of whichever stream', () => {
    const messages = fc.array(fc.tuple(fc.uint8Array({ maxLength: LIMIT_BYTES }), fc.boolean()), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(messages, (sent) => {
        const memory = new MessageMemory();
        const streams = [0, 1].map(() => new MessageSplitter(LIMIT_BYTES, { memory }));
        const held: (readonly [Envelope, Uint8Array])[] = [];
        for (const [at, [message, isReleased]] of sent.entries()) {
          const splitter = streams[at % 2] as MessageSplitter;
          const [envelope] = push(splitter, framed([message]));
          if (isReleased) envelope?.release();
          else if (envelope) held.push([envelope, message]);
        }
        for (const [envelope, message] of held) expect([...envelope.message]).toEqual([...message]);
      }),
    );
  });

  it('uses memory again once it is released, and only then', () => {
    const splitter = new MessageSplitter(LIMIT_BYTES, { memory: new MessageMemory() });
    const next = () => {
      const [envelope] = push(splitter, framed([Buffer.alloc(10)]));
      if (!envelope) throw new Error('a message was expected');
      return envelope;
    };
    const [first, second] = [next(), next()];
    const memory = first.message.buffer;
    expect(second.message.buffer).not.toBe(memory);
    first.hold();
    first.release();
    expect(next().message.buffer).not.toBe(memory);
    first.release();
    expect(first.message.length).toBe(0);
    first.release();
    expect(next().message.buffer).toBe(memory);
    expect(next().message.buffer).not.toBe(memory);
  });

  it('knows that a message is unfinished', () => {
    const splitter = new MessageSplitter(LIMIT_BYTES);
    push(splitter, framed([Buffer.alloc(10)]).subarray(0, 3));
    expect(splitter.isPartial).toBe(true);
  });

  it('refuses a message above the limit by its prefix alone', () => {
    const prefix = Buffer.from([0, 0, 0, 0, LIMIT_BYTES + 1]);
    expect(refusal(prefix)).toBe(status.RESOURCE_EXHAUSTED);
    expect(refusal(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('passes over a message above the limit when somebody is to hear of it, wherever the chunks are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 });
    const messages = fc.array(fc.uint8Array({ maxLength: 3 * LIMIT_BYTES }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, sizes, (sent, cuts) => {
        const tooLarge: number[] = [];
        const splitter = new MessageSplitter(LIMIT_BYTES, { onTooLarge: (length) => tooLarge.push(length) });
        const found: Envelope[] = [];
        const stream = framed(sent);
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          found.push(...push(splitter, stream.subarray(at, at + size)));
          at += size;
        }
        const fits = sent.filter(({ length }) => length <= LIMIT_BYTES);
        expect(found.map(({ message }) => [...message])).toEqual(fits.map((message) => [...message]));
        expect(tooLarge).toEqual(sent.map(({ length }) => length).filter((length) => length > LIMIT_BYTES));
        expect(splitter.isPartial).toBe(false);
      }),
    );
  });

  it('refuses compressed messages and bytes that are no messages', () => {
    expect(refusal(Buffer.from([1, 0, 0, 0, 1]))).toBe(status.UNIMPLEMENTED);
    expect(refusal(Buffer.from('hello'))).toBe(status.INVALID_ARGUMENT);
  });
});
