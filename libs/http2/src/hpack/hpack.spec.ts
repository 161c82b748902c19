import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionError } from '../errors.ts';
import { HpackDecoder } from './decoder.ts';
import { encodeHeaders } from './encoder.ts';
import type { HeaderField } from './header-field.ts';

const LIST_BYTES_MAX = 16 * 1024;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('HpackDecoder', () => {
  // RFC 7541, C.4 (requests with Huffman) and C.6 (answers with Huffman and a table that runs full).
  it('reads what the RFC gives as examples', () => {
    const requests = new HpackDecoder(LIST_BYTES_MAX);
    const head: HeaderField[] = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ];
    expect(requests.decode(hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')).fields).toEqual(head);
    expect(requests.decode(hex('8286 84be 5886 a8eb 1064 9cbf')).fields).toEqual([
      ...head,
      ['cache-control', 'no-cache'],
    ]);
    expect(
      requests.decode(hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')).fields,
    ).toEqual([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ]);
  });

  it('keeps its table within its size', () => {
    const decoder = new HpackDecoder(LIST_BYTES_MAX);
    // A table of 64 bytes holds one entry: the second drives the first out.
    const add = (name: string) =>
      Buffer.concat([Buffer.from([0x40, 1]), Buffer.from(name), Buffer.from([1, 0x78])]);
    decoder.decode(Buffer.concat([Buffer.from([0x3f, 0x21]), add('a'), add('b')]));
    expect(decoder.decode(Buffer.from([0x80 | 62])).fields).toEqual([['b', 'x']]);
    expect(() => decoder.decode(Buffer.from([0x80 | 63]))).toThrow(ConnectionError);
  });

  it('reads all that our encoder writes', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 300 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (fields) => {
        expect(new HpackDecoder(1e6).decode(encodeHeaders(fields)).fields).toEqual(fields);
      }),
    );
  });

  it('says when a list is too large, and goes on with its table', () => {
    const decoder = new HpackDecoder(100);
    const block = Buffer.concat([
      encodeHeaders([['a', 'x'.repeat(100)]]),
      Buffer.from([0x40, 1, 0x62, 1, 0x79]),
    ]);
    expect(decoder.decode(block).isTooLarge).toBe(true);
    expect(decoder.decode(Buffer.from([0x80 | 62]))).toEqual({ fields: [['b', 'y']], isTooLarge: false });
  });

  it.each([
    ['an index that is not there', 'ff80 8000'],
    ['index 0', '80'],
    ['a string that was cut', '0005 61'],
    ['a number without end', 'ffff ffff ffff ffff ffff'],
    ['a table larger than allowed', '3fe2 1f'],
    ['a change of the table behind a field', '82 20'],
    ['padding of zeros', '0081 0001 61'],
    ['padding of more than seven bits', '0082 1fff 0161'],
    ['an end of string within it', '0085 ffff ffff ff01 61'],
  ])('refuses %s', (_what, block) => {
    expect(() => new HpackDecoder(LIST_BYTES_MAX).decode(hex(block))).toThrow(ConnectionError);
  });

  it('throws nothing but ConnectionError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new HpackDecoder(LIST_BYTES_MAX).decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
