// What goes out on one connection: control frames first, then the streams that have something to send, in turns. Frames
// are put together in one piece of memory and written at once: when the chunk that is being read is through, else in the
// next tick, so that what is said meanwhile costs one system call. While the kernel takes no more, nothing is put
// together: what waits, waits in its streams.
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { giveBackPart, takePart } from './part-pool.ts';

export type Flushed = (error?: Error | null) => void;

/** A stream with frames to send. */
export interface Sender {
  /** Puts frames into `part` from `at` on; answers where they end. Callbacks of what is whole go into `flushed`. */
  fill(part: Buffer, at: number, flushed: Flushed[]): number;
  /** There is more, and the windows allow it. */
  readonly canSend: boolean;
}

interface Part {
  readonly memory: Buffer;
  readonly flushed: readonly Flushed[];
}

/** A peer that takes none of our answers while it goes on asking is not served any longer. */
const CONTROL_BYTES_MAX = 256 * 1024;

export class Output {
  readonly #socket: Duplex;
  readonly #onOverflow: () => void;
  /** The kernel's answer to a write is there when `write` returns; TLS always answers later. */
  readonly #answersAtOnce: boolean;
  readonly #ready = new Set<Sender>();
  readonly #inFlight: Part[] = [];
  #control: Buffer[] = [];
  #controlBytes = 0;
  #isScheduled = false;
  #isEnding = false;

  constructor(socket: Duplex, onOverflow: () => void) {
    this.#socket = socket;
    this.#onOverflow = onOverflow;
    this.#answersAtOnce = !(socket instanceof TLSSocket);
  }

  /** The kernel has taken all that was put together. */
  get isDrained(): boolean {
    return this.#socket.writableLength === 0;
  }

  control(frames: Buffer): void {
    this.#control.push(frames);
    this.#controlBytes += frames.length;
    if (this.#controlBytes > CONTROL_BYTES_MAX) return this.#onOverflow();
    this.#schedule();
  }

  ready(sender: Sender): void {
    this.#ready.add(sender);
    this.#schedule();
  }

  /** The sender has nothing more to send, whatever it said. */
  forget(sender: Sender): void {
    this.#ready.delete(sender);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (scheduled.push(this) === 1 && !isHeld) process.nextTick(flushScheduled);
  }

  /** Ends our side of the socket once the control frames that wait are written. */
  end(): void {
    this.#isEnding = true;
    this.flush();
  }

  /** Writes what can be written now. */
  flush(): void {
    this.#isScheduled = false;
    while ((this.#control.length > 0 || this.#ready.size > 0) && this.isDrained && this.#socket.writable) {
      if (!this.#writePart()) break;
    }
    if (this.#isEnding && this.#control.length === 0) this.#socket.end();
  }

  #writePart(): boolean {
    const memory = takePart();
    const flushed: Flushed[] = [];
    const end = this.#fillFromStreams(memory, this.#fillFromControl(memory), flushed);
    if (end === 0) {
      giveBackPart(memory);
      return false;
    }
    this.#write(memory.subarray(0, end), { memory, flushed });
    return true;
  }

  /** A callback for every write costs a tick and garbage, and there is nothing to wait for when the kernel took it all. */
  #write(bytes: Buffer, part: Part): void {
    if (this.#answersAtOnce) {
      this.#socket.write(bytes);
      if (this.isDrained) return settle(part);
    }
    this.#inFlight.push(part);
    this.#socket.write(this.#answersAtOnce ? NOTHING : bytes, this.#onWritten);
  }

  #fillFromControl(part: Buffer): number {
    if (this.#control.length === 0) return 0;
    const all = this.#control.length === 1 ? this.#control[0] : Buffer.concat(this.#control);
    const copied = all?.copy(part) ?? 0;
    const rest = all?.subarray(copied);
    this.#control = rest && rest.length > 0 ? [rest] : [];
    this.#controlBytes -= copied;
    return copied;
  }

  #fillFromStreams(part: Buffer, from: number, flushed: Flushed[]): number {
    let at = from;
    if (this.#control.length > 0) return at;
    for (const sender of this.#ready) {
      const end = sender.fill(part, at, flushed);
      // Those that could send more come again after the others.
      this.#ready.delete(sender);
      if (sender.canSend) this.#ready.add(sender);
      if (end === at && sender.canSend) return at;
      at = end;
    }
    return at;
  }

  readonly #onWritten = (error?: Error | null): void => {
    const part = this.#inFlight.shift();
    if (!part) return;
    settle(part, error);
    this.flush();
  };
}

function settle({ memory, flushed }: Part, error?: Error | null): void {
  giveBackPart(memory);
  for (const each of flushed) each(error);
}

const NOTHING = Buffer.alloc(0);

/** All connections that have something to say: a chunk of a worker has frames for several clients. */
let scheduled: Output[] = [];
let isHeld = false;

/** What is said from now on goes out with `releaseOutput`. */
export function holdOutput(): void {
  isHeld = true;
}

export function releaseOutput(): void {
  isHeld = false;
  if (scheduled.length > 0) flushScheduled();
}

function flushScheduled(): void {
  const outputs = scheduled;
  scheduled = [];
  for (const output of outputs) output.flush();
}
