import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Codec, PlayResponse, type FrameFormat } from '@meridian/protocol';
import sharp from 'sharp';
import type { Break } from './breaks.ts';
import type { StubRefusal } from './stub-refusal.ts';
import { STUB_FRAME } from './stub-world.ts';

export type ServeCall = ServerDuplexStream<Uint8Array, Uint8Array>;
type Message = NonNullable<PlayResponse['message']>;

export interface Picture {
  readonly codec: Codec;
  readonly width: number;
  readonly height: number;
  readonly image: Uint8Array;
}

/** Writes to one client. While it does not read, a newer frame takes an older one's place. */
export class StubOutlet {
  /** `Draining` has been said. */
  isTold = false;
  readonly #call: ServeCall;
  readonly #broken: Break | undefined;
  #waiting: (() => Message) | undefined;
  #isFull = false;
  #isClosed = false;

  constructor(call: ServeCall, broken: Break | undefined) {
    this.#call = call;
    this.#broken = broken;
  }

  send(message: Message): void {
    if (this.#isClosed) return;
    this.#isFull = true;
    this.#call.write(PlayResponse.encode({ message, gatewaySentUs: 0 }).finish(), () => this.#written());
  }

  /** The message is made when it is handed to the transport, and counts then. */
  frame(make: () => Message): void {
    if (this.#isClosed) return;
    if (this.#isFull && this.#broken !== 'buffers-without-bound') this.#waiting = make;
    else this.send(make());
  }

  #written(): void {
    this.#isFull = false;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next) this.frame(next);
  }

  close(refusal?: StubRefusal): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (refusal) this.#call.emit('error', refusal);
    else this.#call.end();
  }
}

/** A picture of the world as it was asked for. */
export async function encoded(
  rgb: Uint8Array,
  asked: FrameFormat | undefined,
  broken?: Break,
): Promise<Picture> {
  const width = asked?.width || STUB_FRAME.width;
  const height = asked?.height || STUB_FRAME.height;
  const codec = asked?.codec || Codec.JPEG;
  const isSame = width === STUB_FRAME.width && height === STUB_FRAME.height;
  if (codec === Codec.RAW_RGB && isSame) return { codec, width, height, image: rgb };
  const raw = sharp(rgb, { raw: { ...STUB_FRAME, channels: 3 } });
  const scaled = isSame ? raw : raw.resize(width, height, { fit: 'fill', kernel: 'nearest' });
  const quality = broken === 'ignores-quality' ? 85 : asked?.quality || 85;
  const asAsked = codec === Codec.RAW_RGB ? scaled.raw() : scaled.jpeg({ quality });
  const image = await asAsked.toBuffer();
  return { codec, width, height, image };
}
