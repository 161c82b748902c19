// HEADERS and the CONTINUATION frames behind it, as one block. Nothing else may come in between (RFC 9113, 4.3), and
// how much may come is bounded (CVE-2024-27316).
import { ConnectionError, ErrorCode, StreamError } from './errors.ts';
import { Flag } from './frames.ts';

export interface GatheredHeaders {
  readonly streamId: number;
  readonly block: Buffer;
  readonly endsStream: boolean;
  /** What is wrong with the stream; the block has to be decoded all the same. */
  readonly error?: StreamError;
}

const CONTINUATIONS_MAX = 16;

export class HeaderGatherer {
  readonly #blockBytesMax: number;
  #open: (GatheredHeaders & { readonly parts: Buffer[] }) | undefined;
  #bytes = 0;

  constructor(blockBytesMax: number) {
    this.#blockBytesMax = blockBytesMax;
  }

  /** The stream whose CONTINUATION must come next. */
  get openStreamId(): number | undefined {
    return this.#open?.streamId;
  }

  /** The block, once it is whole. Throws `ConnectionError`. */
  begin(flags: number, streamId: number, payload: Buffer): GatheredHeaders | undefined {
    const { block, dependsOn } = unwrap(flags, payload);
    const error =
      dependsOn === streamId
        ? { error: new StreamError(ErrorCode.PROTOCOL_ERROR, 'a stream that depends on itself') }
        : {};
    this.#open = { streamId, endsStream: (flags & Flag.END_STREAM) !== 0, block, parts: [], ...error };
    this.#bytes = 0;
    return this.#add(flags, block);
  }

  continue(flags: number, payload: Buffer): GatheredHeaders | undefined {
    return this.#add(flags, payload);
  }

  #add(flags: number, part: Buffer): GatheredHeaders | undefined {
    const open = this.#open;
    if (!open) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION without HEADERS');
    open.parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > this.#blockBytesMax || open.parts.length > CONTINUATIONS_MAX) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'headers without end');
    }
    if ((flags & Flag.END_HEADERS) === 0) return undefined;
    this.#open = undefined;
    const { parts, ...headers } = open;
    return { ...headers, block: parts.length === 1 ? part : Buffer.concat(parts) };
  }
}

/** The payload of HEADERS without its padding and priority (RFC 9113, 6.2). */
function unwrap(flags: number, payload: Buffer): { readonly block: Buffer; readonly dependsOn?: number } {
  const isPadded = (flags & Flag.PADDED) !== 0;
  const hasPriority = (flags & Flag.PRIORITY) !== 0;
  const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
  if (payload.length < start) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS that were cut');
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (end < start) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more padding than payload');
  const block = payload.subarray(start, end);
  return hasPriority ? { block, dependsOn: payload.readUInt32BE(start - 5) & 0x7fff_ffff } : { block };
}
