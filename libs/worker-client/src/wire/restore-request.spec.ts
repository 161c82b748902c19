import { expect, it } from '@jest/globals';
import { Checkpoint, PlayRequest } from '@meridian/protocol';
import fc from 'fast-check';
import { checkpoint } from '../testing/messages.ts';
import { FieldReader, WireType, tagOf } from './field-reader.ts';
import { MessageSplitter } from './message-splitter.ts';
import { restoreHead } from './restore-request.ts';

const unframed = (bytes: Buffer) => {
  const found: Buffer[] = [];
  const splitter = new MessageSplitter(8 * 1024 * 1024);
  splitter.push(bytes, 0, bytes.length, ({ message }) => found.push(message));
  expect(found.length).toBe(1);
  return found[0] ?? Buffer.alloc(0);
};

it('makes a PlayRequest of any checkpoint’s bytes, to the byte as the generated code does', () => {
  fc.assert(
    fc.property(checkpoint, ({ value }) => {
      const kept = Checkpoint.encode(value).finish();
      const expected = PlayRequest.encode(
        PlayRequest.fromPartial({ message: { $case: 'restore', value } }),
      ).finish();
      expect(unframed(Buffer.concat([restoreHead(kept.length), kept])).equals(expected)).toBe(true);
    }),
  );
});

it.each([0, 127, 128, 110_000, 1_000_000, 4 * 1024 * 1024])('says a length of %i bytes', (length) => {
  const message = unframed(Buffer.concat([restoreHead(length), Buffer.alloc(length)]));
  const reader = new FieldReader(message);
  expect([reader.next(), reader.tag]).toEqual([true, tagOf(2, WireType.bytes)]);
  expect(reader.bytesOf(message).length).toBe(length);
  expect(reader.next()).toBe(false);
});
