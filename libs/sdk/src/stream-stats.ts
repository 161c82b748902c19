// What a client can say of its stream by itself. Action-to-frame time is measured for *every* action, from the call
// of `send` to the arrival of the first frame whose step has seen that action or a newer one, on the client's clock
// alone. Taking only the newest action of each frame would flatter the figure. A frame that shows the action of another
// device says nothing of ours.
import type { Frame as WireFrame } from '@meridian/protocol';
import { splitHops, typicalHops, type Hops } from './hops.ts';
import { Samples } from './samples.ts';

export interface StatsSnapshot {
  /** Frames received. */
  readonly frames: number;
  /** Frames received in the last two seconds, per second. */
  readonly fps: number;
  /** Frames that were stepped but never arrived: gaps in the numbers. */
  readonly dropped: number;
  /** Bytes of all stream messages received. */
  readonly bytes: number;
  /** From the request that opened the session to its first frame, ms; a wait in the queue is part of it. */
  readonly firstFrameMs: number | undefined;
  /** Over the newest 512 actions of this device, ms. */
  readonly actionToFrameMs: {
    readonly last: number | undefined;
    readonly p50: number | undefined;
    readonly p95: number | undefined;
    readonly samples: number;
  };
  /** Of a typical action: the middle half of the newest 128 by their total; undefined before the first. */
  readonly hops: Hops | undefined;
}

export interface SentAction {
  readonly seq: number;
  /** Client clock, Unix ms: `send` was called. */
  readonly madeAtMs: number;
  /** Client clock, Unix ms: the socket took it. */
  readonly sentAtMs: number;
}

/** What is known of a frame beside its own fields. */
export interface FrameArrival {
  /** The clock of the gateway that sent it. */
  readonly gatewaySentUs: number;
  /** Client clock, Unix ms. */
  readonly nowMs: number;
  /** Which stream it came on. */
  readonly stream: number;
}

interface Unseen extends SentAction {
  /** The stream that it went out on; undefined when that was more than one, so that nobody knows which one counted. */
  readonly stream: number | undefined;
}

const FPS_WINDOW_MS = 2_000;
/** Actions kept while no frame comes; a minute's worth. */
const MOST_UNSEEN = 3_600;
const HOPS_KEPT = 128;

export class StreamStats {
  readonly #openedAtMs: number;
  readonly #device: number;
  #unseen: Unseen[] = [];
  #arrivalsMs: number[] = [];
  readonly #actionToFrame = new Samples(512);
  #hops: Hops[] = [];
  #frames = 0;
  #dropped = 0;
  #bytes = 0;
  #lastNumber: number | undefined;
  #lastActionToFrameMs: number | undefined;
  #firstFrameMs: number | undefined;

  /** `openedAtMs`: client clock at which the session was asked for, Unix ms. `device`: whose actions are measured. */
  constructor(openedAtMs: number, device: number) {
    this.#openedAtMs = openedAtMs;
    this.#device = device;
  }

  /** An action went out on `stream`, perhaps not for the first time. */
  sent(action: SentAction, stream: number): void {
    const index = this.#unseen.findIndex(({ seq }) => seq === action.seq);
    const known = this.#unseen[index];
    if (known) this.#unseen[index] = { ...known, stream: undefined };
    else this.#unseen.push({ ...action, stream });
    if (this.#unseen.length > MOST_UNSEEN) this.#unseen.shift();
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts a frame; answers the action-to-frame time of the oldest action it is the first to show, ms. */
  frame(frame: WireFrame, arrival: FrameArrival): number | undefined {
    const { nowMs } = arrival;
    this.#firstFrameMs ??= nowMs - this.#openedAtMs;
    this.#frames += 1;
    if (this.#lastNumber !== undefined) this.#dropped += Math.max(0, frame.number - this.#lastNumber - 1);
    this.#lastNumber = frame.number;
    this.#arrivalsMs.push(nowMs);
    this.#arrivalsMs = this.#arrivalsMs.filter((atMs) => atMs > nowMs - FPS_WINDOW_MS);
    return frame.lastActionDevice === this.#device ? this.#shows(frame, arrival) : undefined;
  }

  snapshot(nowMs: number): StatsSnapshot {
    return {
      frames: this.#frames,
      fps: this.#fps(nowMs),
      dropped: this.#dropped,
      bytes: this.#bytes,
      firstFrameMs: this.#firstFrameMs,
      actionToFrameMs: {
        last: this.#lastActionToFrameMs,
        p50: this.#actionToFrame.percentile(0.5),
        p95: this.#actionToFrame.percentile(0.95),
        samples: this.#actionToFrame.size,
      },
      hops: typicalHops(this.#hops),
    };
  }

  #shows(frame: WireFrame, { nowMs, gatewaySentUs, stream }: FrameArrival): number | undefined {
    const shown = this.#unseen.filter(({ seq }) => seq <= frame.lastActionSeq);
    if (shown.length === 0) return undefined;
    this.#unseen = this.#unseen.filter(({ seq }) => seq > frame.lastActionSeq);
    for (const { madeAtMs } of shown) this.#actionToFrame.add(nowMs - madeAtMs);
    const newest = shown.at(-1);
    // Stamps of two gateways are of two clocks.
    if (newest?.seq === frame.lastActionSeq && newest.stream === stream) {
      this.#hops.push(splitHops(frame, gatewaySentUs, nowMs - newest.sentAtMs));
      if (this.#hops.length > HOPS_KEPT) this.#hops.shift();
    }
    this.#lastActionToFrameMs = nowMs - (shown[0]?.madeAtMs ?? nowMs);
    return this.#lastActionToFrameMs;
  }

  /** Intervals rather than arrivals are counted, so that a stream two frames old does not read as 1 fps. */
  #fps(nowMs: number): number {
    const recent = this.#arrivalsMs.filter((atMs) => atMs > nowMs - FPS_WINDOW_MS);
    const [firstMs, lastMs] = [recent[0], recent.at(-1)];
    if (firstMs === undefined || lastMs === undefined || recent.length < 2) return 0;
    const stalledMs = Math.max(0, nowMs - lastMs - 100);
    return ((recent.length - 1) * 1_000) / (lastMs - firstMs + stalledMs);
  }
}
