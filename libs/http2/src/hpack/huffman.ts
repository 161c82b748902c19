// RFC 7541, Appendix B: the code is canonical, so that the lengths of the symbols' codes say all. Only decoding: what we
// send is not compressed.
import { ConnectionError, ErrorCode } from '../errors.ts';

/** By symbol; the last one is the end of a string, which no string may have. */
// prettier-ignore
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
const BITS_MAX = 30;

interface CodesOfLength {
  readonly first: number;
  readonly symbols: readonly number[];
}

const CODES: readonly CodesOfLength[] = codesByLength();

function codesByLength(): CodesOfLength[] {
  const byLength: CodesOfLength[] = [];
  let first = 0;
  for (let bits = 0; bits <= BITS_MAX; bits++) {
    const symbols = [...CODE_BITS.keys()].filter((symbol) => CODE_BITS[symbol] === bits);
    byLength.push({ first, symbols });
    first = (first + symbols.length) * 2;
  }
  return byLength;
}

/** Throws `ConnectionError` (COMPRESSION_ERROR) for bits that are no string. */
export function decodeHuffman(bytes: Buffer): string {
  const text: number[] = [];
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      code = code * 2 + ((byte & mask) === 0 ? 0 : 1);
      bits += 1;
      const symbol = symbolOf(code, bits);
      if (symbol === undefined) continue;
      if (symbol === END_OF_STRING) throw malformed('an end within a string');
      text.push(symbol);
      code = 0;
      bits = 0;
    }
  }
  const isPadding = bits < 8 && code === 2 ** bits - 1;
  if (!isPadding) throw malformed('a string with wrong padding');
  return Buffer.from(text).toString('latin1');
}

function symbolOf(code: number, bits: number): number | undefined {
  const codes = CODES[bits];
  if (!codes) throw malformed('a code that does not exist');
  return codes.symbols[code - codes.first];
}

const malformed = (what: string) => new ConnectionError(ErrorCode.COMPRESSION_ERROR, `Huffman: ${what}`);
