// The two kinds of number that are written by hand, as protobuf has them.
export const FIXED64_BYTES = 8;

const TWO_TO_32 = 2 ** 32;

/** For whole numbers up to 2^53 - 1. */
export function writeFixed64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % TWO_TO_32, at);
  buffer.writeUInt32LE(Math.floor(value / TWO_TO_32), at + 4);
}

export function varintBytes(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varintBytes(Math.floor(value / 0x80))];
}
