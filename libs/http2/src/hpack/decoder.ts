// HPACK (RFC 7541): header blocks of one peer, in the order in which they came. Every block must be decoded, also of
// a stream that is refused, because later ones may refer to it.
import { ConnectionError, ErrorCode } from '../errors.ts';
import { DynamicTable, sizeOf } from './dynamic-table.ts';
import type { HeaderField } from './header-field.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';

/** What SETTINGS_HEADER_TABLE_SIZE is when nothing is said. */
export const TABLE_BYTES = 4_096;
const INTEGER_MAX = 2 ** 28;

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** The fields counted more than the limit, and are not all here. */
  readonly isTooLarge: boolean;
}

export class HpackDecoder {
  readonly #table = new DynamicTable(TABLE_BYTES);
  readonly #listBytesMax: number;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** `listBytesMax` as SETTINGS_MAX_HEADER_LIST_SIZE counts: 32 bytes a field on top of its characters. */
  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /** Throws `ConnectionError` (COMPRESSION_ERROR). */
  decode(block: Buffer): HeaderBlock {
    this.#block = block;
    this.#at = 0;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    this.#resizeTable();
    while (this.#at < block.length) {
      const field = this.#field();
      listBytes += sizeOf(field);
      if (listBytes <= this.#listBytesMax) fields.push(field);
    }
    this.#block = Buffer.alloc(0);
    return { fields, isTooLarge: listBytes > this.#listBytesMax };
  }

  /** Changes of the table's size stand at the beginning of a block only. */
  #resizeTable(): void {
    while ((this.#peek() & 0xe0) === 0x20) {
      const bytes = this.#integer(5);
      if (bytes > TABLE_BYTES) throw malformed('a table larger than allowed');
      this.#table.resize(bytes);
    }
  }

  #field(): HeaderField {
    const first = this.#peek();
    if (first >= 0x80) return this.#entry(this.#integer(7));
    if (first >= 0x40) {
      const field = this.#literal(6);
      this.#table.add(field);
      return field;
    }
    if (first >= 0x20) throw malformed('a change of the table’s size behind a field');
    return this.#literal(4);
  }

  #literal(prefixBits: number): HeaderField {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  #entry(index: number): HeaderField {
    const entry =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table.at(index - STATIC_TABLE.length - 1);
    if (!entry) throw malformed('an index that is not there');
    return entry;
  }

  #string(): string {
    const isHuffman = (this.#peek() & 0x80) !== 0;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#block.length) throw malformed('a string that ends after its block');
    const bytes = this.#block.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1');
  }

  /** RFC 7541, 5.1. */
  #integer(prefixBits: number): number {
    const prefixMax = 2 ** prefixBits - 1;
    let value = this.#byte() & prefixMax;
    if (value < prefixMax) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > INTEGER_MAX || scale > INTEGER_MAX) throw malformed('a number too large');
      if (byte < 0x80) return value;
    }
  }

  /** 0 at the end, where `#byte` throws. */
  #peek(): number {
    return this.#block[this.#at] ?? 0;
  }

  #byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw malformed('a block that was cut');
    this.#at += 1;
    return byte;
  }
}

const malformed = (what: string) => new ConnectionError(ErrorCode.COMPRESSION_ERROR, `HPACK: ${what}`);
