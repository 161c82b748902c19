// PlayRequest.restore around a Checkpoint that is kept as bytes: nothing is decoded, encoded or copied.
import { PREFIX_BYTES } from './envelope.ts';
import { WireType, tagOf } from './field-reader.ts';
import { varintBytes } from './write-field.ts';

const RESTORE = tagOf(2, WireType.bytes);

/** What goes before the bytes of a Checkpoint to make a PlayRequest of them, framed for gRPC. */
export function restoreHead(checkpointBytes: number): Buffer {
  const field = Buffer.from([RESTORE, ...varintBytes(checkpointBytes)]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(field.length + checkpointBytes, 1);
  return Buffer.concat([prefix, field]);
}
