// O1. Newest wins: one frame waits to be encoded and one to be written; a newer one takes its place. Memory for a reader
//     that reads nothing is two frames, one checkpoint and a few notices.
// O2. Frames leave in the order of their numbers; a frame is counted when it is handed to the transport, not before.
// O3. After `close` nothing else is written, and no frame is counted.
import { Codec, PlayResponse, type Checkpoint, type Notice } from '@meridian/protocol';
import type { Clock } from '../clock.ts';
import type { ClientStream, Closing, SteppedFrame } from '../engine/ports.ts';

export interface EncodedImage {
  readonly codec: Codec;
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** Off the event loop: RGB as the model made it to an image. */
export type EncodeImage = (rgb: Uint8Array) => Promise<EncodedImage>;

export interface OutboxPorts {
  readonly clock: Clock;
  readonly encode: EncodeImage;
  /** Resolves when the transport can take more; rejects when it is gone. */
  readonly write: (message: Uint8Array) => Promise<void>;
  /** After everything written before. */
  readonly finish: (closing: Closing) => void;
  readonly failed: (error: unknown) => void;
}

interface EncodedFrame {
  readonly frame: SteppedFrame;
  readonly message: Uint8Array;
}

export class Outbox implements ClientStream {
  readonly #ports: OutboxPorts;
  readonly #notices: Uint8Array[] = [];
  #toEncode: SteppedFrame | undefined;
  #encoded: EncodedFrame | undefined;
  #checkpoint: Checkpoint | undefined;
  #encoding = false;
  #writing = false;
  #closed = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  notice(value: Notice): void {
    if (this.#closed) return;
    this.#notices.push(messageOf({ $case: 'notice', value }));
    void this.#drain();
  }

  frame(frame: SteppedFrame): void {
    if (this.#closed) return;
    this.#toEncode = frame;
    void this.#encode();
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (this.#closed) return;
    this.#checkpoint = checkpoint;
    void this.#drain();
  }

  close(closing: Closing): void {
    if (this.#closed) return;
    this.#closed = true;
    const last = lastMessage(closing);
    const written = [...this.#notices, ...(last === undefined ? [] : [last])].map((message) =>
      this.#ports.write(message),
    );
    Promise.all(written).catch(() => undefined);
    this.#ports.finish(closing);
  }

  async #encode(): Promise<void> {
    if (this.#encoding) return;
    this.#encoding = true;
    try {
      for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame()) {
        const image = await this.#ports.encode(frame.rgb);
        this.#encoded = { frame, message: frameMessage(frame, image, this.#ports.clock.nowUs()) };
        void this.#drain();
      }
    } catch (error) {
      this.#ports.failed(error);
    } finally {
      this.#encoding = false;
    }
  }

  #takeFrame(): SteppedFrame | undefined {
    const frame = this.#toEncode;
    this.#toEncode = undefined;
    return frame;
  }

  async #drain(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let message = this.#next(); message !== undefined; message = this.#next())
        await this.#ports.write(message);
    } catch (error) {
      this.#ports.failed(error);
    } finally {
      this.#writing = false;
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#closed) return undefined;
    const notice = this.#notices.shift();
    if (notice !== undefined) return notice;
    return this.#nextFrame() ?? this.#nextCheckpoint();
  }

  #nextFrame(): Uint8Array | undefined {
    const encoded = this.#encoded;
    this.#encoded = undefined;
    encoded?.frame.sent(this.#ports.clock.nowUs());
    return encoded?.message;
  }

  #nextCheckpoint(): Uint8Array | undefined {
    const value = this.#checkpoint;
    this.#checkpoint = undefined;
    return value && messageOf({ $case: 'checkpoint', value });
  }
}

function lastMessage(closing: Closing): Uint8Array | undefined {
  if (closing.kind === 'ended') return messageOf({ $case: 'notice', value: closing.notice });
  return closing.checkpoint && messageOf({ $case: 'checkpoint', value: closing.checkpoint });
}

function frameMessage(frame: SteppedFrame, image: EncodedImage, encodedUs: number): Uint8Array {
  return messageOf({
    $case: 'frame',
    value: {
      number: frame.number,
      keyframe: true,
      codec: image.codec,
      width: image.width,
      height: image.height,
      lastActionSeq: frame.lastActionSeq,
      epoch: frame.epoch,
      actionReceivedUs: frame.actionReceivedUs,
      stepStartedUs: frame.stepStartedUs,
      stepEndedUs: frame.stepEndedUs,
      encodedUs,
      image: image.bytes,
    },
  });
}

function messageOf(message: NonNullable<PlayResponse['message']>): Uint8Array {
  return PlayResponse.encode({ message, gatewaySentUs: 0 }).finish();
}
