// HPACK without a table of our own and without Huffman: header blocks are a few dozen bytes once a stream, and a token,
// which is the longest field, is in no table a second time.
import type { HeaderField } from './header-field.ts';
import { STATIC_TABLE } from './static-table.ts';

const INDEX_BY_FIELD = new Map(STATIC_TABLE.map(([name, value], at) => [`${name}\n${value}`, at + 1]));
/** The first entry of each name. */
const INDEX_BY_NAME = new Map(
  [...STATIC_TABLE].reverse().map(([name], at) => [name, STATIC_TABLE.length - at]),
);

/** Credentials are marked so that nobody in between puts them into a table (RFC 7541, 7.1.3). */
const NEVER_INDEXED = new Set(['authorization', 'cookie']);

/** Names in lower case; values with no characters above U+00FF. */
export function encodeHeaders(fields: readonly HeaderField[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField([name, value]: HeaderField): Buffer {
  const index = INDEX_BY_FIELD.get(`${name}\n${value}`);
  if (index !== undefined) return Buffer.from(integer(0x80, 7, index));
  const nameIndex = INDEX_BY_NAME.get(name) ?? 0;
  const head = integer(NEVER_INDEXED.has(name) ? 0x10 : 0x00, 4, nameIndex);
  const names = nameIndex === 0 ? [string(name)] : [];
  return Buffer.concat([Buffer.from(head), ...names, string(value)]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from(integer(0x00, 7, bytes.length)), bytes]);
}

/** RFC 7541, 5.1. */
function integer(flags: number, prefixBits: number, value: number): number[] {
  const prefixMax = 2 ** prefixBits - 1;
  if (value < prefixMax) return [flags | value];
  const bytes = [flags | prefixMax];
  let rest = value - prefixMax;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
