// O1. Newest wins: one thing is on its way at a time, and behind it wait the newest frame, as the model made it, and the
//     newest checkpoint. A frame becomes an image when its turn has come: a reader that reads nothing costs no encoding,
//     and its memory is one image, two frames and two checkpoints (session-bytes.ts).
// O2. Frames leave in the order of their numbers; a frame is counted when it is handed to the transport, not before.
// O3. After `close` nothing else is written, and no frame is counted.
// O4. To a client that does not keep up less is sent (throttle.ts); a frame that is left out is let go of at once.
import {
  PlayResponse,
  type Checkpoint,
  type FrameFormat,
  type Notice,
  type StreamFeedback,
} from '@meridian/protocol';
import type { Clock } from '../clock.ts';
import type { EncodedImage, FrameEncoder } from '../encode/frame-encoder.ts';
import type { ClientStream, Closing, SteppedFrame } from '../engine/ports.ts';
import { Throttle } from './throttle.ts';

export interface OutboxPorts {
  readonly clock: Clock;
  readonly encoder: Pick<FrameEncoder, 'encode'>;
  /** Resolves when the transport can take more; rejects when it is gone. */
  readonly write: (message: Uint8Array) => Promise<void>;
  /** After everything written before. */
  readonly finish: (closing: Closing) => void;
  readonly failed: (error: unknown) => void;
  /** `slowed` has changed. */
  readonly paced: () => void;
}

export class Outbox implements ClientStream {
  readonly #ports: OutboxPorts;
  readonly #throttle = new Throttle();
  /** Notices, and what else a gateway is told. */
  readonly #words: Uint8Array[] = [];
  #frame: SteppedFrame | undefined;
  #checkpoint: Checkpoint | undefined;
  #underWay = false;
  #closed = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get slowed(): boolean {
    return this.#throttle.slowed;
  }

  notice(value: Notice): void {
    this.#say({ $case: 'notice', value });
  }

  draining(withinMs: number): void {
    this.#say({ $case: 'draining', value: { withinMs } });
  }

  frame(frame: SteppedFrame): void {
    if (this.#closed) return;
    const { number, format, stepEndedUs } = frame;
    if (!this.#pace(() => this.#throttle.sends(number, format, stepEndedUs))) return;
    this.#frame = { ...frame, format: this.#throttle.format(format) };
    void this.#drain();
  }

  /** How the client keeps up; `asked` is the format that it has asked for. */
  feedback({ framesDropped }: StreamFeedback, asked: FrameFormat | undefined): void {
    this.#pace(() => this.#throttle.dropped(framesDropped, asked, this.#ports.clock.nowUs()));
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (this.#closed) return;
    this.#checkpoint = checkpoint;
    void this.#drain();
  }

  close(closing: Closing): void {
    if (this.#closed) return;
    this.#closed = true;
    [this.#frame, this.#checkpoint] = [undefined, undefined];
    const last = lastMessage(closing);
    const written = [...this.#words, ...(last === undefined ? [] : [last])].map((message) =>
      this.#ports.write(message),
    );
    Promise.all(written).catch(() => undefined);
    this.#ports.finish(closing);
  }

  #say(message: NonNullable<PlayResponse['message']>): void {
    if (this.#closed) return;
    this.#words.push(messageOf(message));
    void this.#drain();
  }

  #pace<Result>(step: () => Result): Result {
    const before = this.slowed;
    const result = step();
    if (this.slowed !== before) this.#ports.paced();
    return result;
  }

  /** Rounds of words, a frame, a checkpoint: none of them can keep another from its turn. */
  async #drain(): Promise<void> {
    if (this.#underWay) return;
    this.#underWay = true;
    try {
      while (this.#hasMore()) {
        for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift())
          await this.#ports.write(word);
        await this.#sendFrame();
        await this.#sendCheckpoint();
      }
    } catch (error) {
      this.#ports.failed(error);
    } finally {
      this.#underWay = false;
    }
  }

  #hasMore(): boolean {
    if (this.#closed) return false;
    return this.#words.length > 0 || this.#frame !== undefined || this.#checkpoint !== undefined;
  }

  async #sendFrame(): Promise<void> {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame === undefined || this.#closed) return;
    const message = await this.#encoded(frame);
    if (this.#closed) return;
    frame.sent(this.#ports.clock.nowUs());
    await this.#ports.write(message);
  }

  /** By itself, so that the image is let go of before its message waits to be written. */
  async #encoded(frame: SteppedFrame): Promise<Uint8Array> {
    const image = await this.#ports.encoder.encode(frame.rgb, frame.format);
    return frameMessage(frame, image, this.#ports.clock.nowUs());
  }

  async #sendCheckpoint(): Promise<void> {
    const value = this.#checkpoint;
    this.#checkpoint = undefined;
    if (value !== undefined && !this.#closed)
      await this.#ports.write(messageOf({ $case: 'checkpoint', value }));
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
      lastActionDevice: frame.lastActionDevice,
      actionGatewayUs: frame.actionGatewayUs,
      image: image.bytes,
    },
  });
}

function messageOf(message: NonNullable<PlayResponse['message']>): Uint8Array {
  return PlayResponse.encode({ message, gatewaySentUs: 0 }).finish();
}
