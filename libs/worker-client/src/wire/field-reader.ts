// Walks protobuf tags (https://protobuf.dev/programming-guides/encoding/) without building objects. Stricter than the
// generated decoder, which takes some garbage for an empty message: groups and impossible tags are malformed here.

/** The bytes are not protobuf. Caught where a walk begins. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export const tagOf = (field: number, type: (typeof WireType)[keyof typeof WireType]): number =>
  field * 8 + type;

export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The tag of the field that `next` has moved to: field number x 8 + wire type. */
  tag = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.tag = this.varint();
    if (this.tag < 8 || this.tag > 0xffff_ffff) throw new MalformedBytes('impossible tag');
    return true;
  }

  /** The value of a varint field. Throws when it is above 2^53 - 1, as the generated code does. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes('number too large');
        return value;
      }
    }
    throw new MalformedBytes('varint too long');
  }

  /** The value of a fixed64 field. Throws when it is above 2^53 - 1, as the generated code does. */
  fixed64(): number {
    let value = 0;
    for (let index = 0, scale = 1; index < 8; index++, scale *= 256) value += this.#byte() * scale;
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes('number too large');
    return value;
  }

  /** A reader of the message inside a bytes field, which is thereby passed. */
  enter(): FieldReader {
    const end = this.#endOfBytes();
    const inner = new FieldReader(this.#bytes, this.#at, end);
    this.#at = end;
    return inner;
  }

  /** The value of a bytes field, as a view on `source`, the buffer this reader walks. */
  bytesOf(source: Buffer): Buffer {
    const end = this.#endOfBytes();
    const start = this.#at;
    this.#at = end;
    return source.subarray(start, end);
  }

  /** Passes the value of the field, whatever it is. */
  skip(): void {
    switch (this.tag % 8) {
      case WireType.varint:
        return this.#skipVarint();
      case WireType.fixed64:
        return this.#advance(8);
      case WireType.bytes:
        this.#at = this.#endOfBytes();
        return;
      case WireType.fixed32:
        return this.#advance(4);
      default:
        throw new MalformedBytes('unknown wire type');
    }
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) if (this.#byte() < 0x80) return;
    throw new MalformedBytes('varint too long');
  }

  #endOfBytes(): number {
    const length = this.varint();
    if (this.#at + length > this.#end) throw new MalformedBytes('a field ends after its message');
    return this.#at + length;
  }

  #advance(bytes: number): void {
    if (this.#at + bytes > this.#end) throw new MalformedBytes('a field ends after its message');
    this.#at += bytes;
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined;
    if (byte === undefined) throw new MalformedBytes('a field ends after its message');
    return byte;
  }
}

/** What `steps` finds, or `malformed` when the bytes are not protobuf. */
export function walk<T>(steps: () => T, malformed: T): T {
  try {
    return steps();
  } catch (error) {
    if (error instanceof MalformedBytes) return malformed;
    throw error;
  }
}
