// The gateway's own words behind a client's PlayRequest. A protobuf message may be extended by appending a field to its
// bytes, and of a field that is there twice the last one counts: what the client wrote in its place is overridden.
import { WireType, tagOf } from './field-reader.ts';
import type { PeekedRequest } from './peek-request.ts';
import { FIXED64_BYTES, varintBytes, writeFixed64 } from './write-field.ts';

const DEVICE = tagOf(14, WireType.varint);
const GATEWAY_RECEIVED_US = tagOf(15, WireType.fixed64);

export interface RequestStamp {
  /** The paired device that the message came from; 0 is the owner. */
  readonly device: number;
  /** Microseconds since the Unix epoch, by the gateway's clock. */
  readonly gatewayReceivedUs: number;
}

/** A copy of the message with both fields behind it; `device` is left out where nothing and 0 say the same. */
export function stampRequest(
  message: Uint8Array,
  { device, gatewayReceivedUs }: RequestStamp,
  { saysDevice }: Pick<PeekedRequest, 'saysDevice'>,
): Buffer {
  const deviceField = device > 0 || saysDevice ? [DEVICE, ...varintBytes(device)] : [];
  const stamped = Buffer.allocUnsafe(message.length + deviceField.length + 1 + FIXED64_BYTES);
  stamped.set(message);
  stamped.set(deviceField, message.length);
  const at = message.length + deviceField.length;
  stamped[at] = GATEWAY_RECEIVED_US;
  writeFixed64(stamped, gatewayReceivedUs, at + 1);
  return stamped;
}
