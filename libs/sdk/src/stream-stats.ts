// What a client can say of its stream by itself. Action-to-frame time is measured for *every* action, from the call
// of `send` to the arrival of the first frame whose step has seen that action or a newer one, on the client's clock
// alone. Taking only the newest action of each frame would flatter the figure.
import type { Frame as WireFrame } from '@meridian/protocol';
import type { Hops } from './frame.ts';
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
  /** Over the newest 512 actions, ms. */
  readonly actionToFrameMs: {
    readonly last: number | undefined;
    readonly p50: number | undefined;
    readonly p95: number | undefined;
    readonly samples: number;
  };
  /** Medians over the newest 128 frames that showed a new action; undefined before the first. */
  readonly hops: Hops | undefined;
}

interface SentAction {
  readonly seq: number;
  readonly madeAtMs: number;
  readonly sentAtMs: number;
}

type HopName = keyof Hops;

const FPS_WINDOW_MS = 2_000;
/** Actions kept while no frame comes; a minute's worth. */
const MOST_UNSEEN = 3_600;
const HOP_NAMES: readonly HopName[] = ['networkMs', 'waitMs', 'stepMs', 'encodeMs', 'gatewayMs'];

export class StreamStats {
  readonly #openedAtMs: number;
  #sent: SentAction[] = [];
  #arrivalsMs: number[] = [];
  readonly #actionToFrame = new Samples(512);
  readonly #hops = new Map<HopName, Samples>(HOP_NAMES.map((name) => [name, new Samples(128)]));
  #frames = 0;
  #dropped = 0;
  #bytes = 0;
  #lastNumber: number | undefined;
  #lastActionToFrameMs: number | undefined;
  #firstFrameMs: number | undefined;

  /** `openedAtMs`: client clock at which the session was asked for, Unix ms. */
  constructor(openedAtMs: number) {
    this.#openedAtMs = openedAtMs;
  }

  /** Client clock, Unix ms: `madeAtMs` when `send` was called, `sentAtMs` when the socket took it. */
  sent(seq: number, madeAtMs: number, sentAtMs: number): void {
    this.#sent.push({ seq, madeAtMs, sentAtMs });
    if (this.#sent.length > MOST_UNSEEN) this.#sent.shift();
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts a frame; answers the action-to-frame time of the oldest action it is the first to show, ms. */
  frame(frame: WireFrame, gatewaySentUs: number, nowMs: number): number | undefined {
    this.#firstFrameMs ??= nowMs - this.#openedAtMs;
    this.#frames += 1;
    if (this.#lastNumber !== undefined) this.#dropped += Math.max(0, frame.number - this.#lastNumber - 1);
    this.#lastNumber = frame.number;
    this.#arrivalsMs.push(nowMs);
    this.#arrivalsMs = this.#arrivalsMs.filter((atMs) => atMs > nowMs - FPS_WINDOW_MS);

    const shown = this.#sent.filter(({ seq }) => seq <= frame.lastActionSeq);
    if (shown.length === 0) return undefined;
    this.#sent = this.#sent.filter(({ seq }) => seq > frame.lastActionSeq);
    for (const { madeAtMs } of shown) this.#actionToFrame.add(nowMs - madeAtMs);
    const newest = shown.at(-1);
    if (newest?.seq === frame.lastActionSeq) this.#addHops(frame, gatewaySentUs, nowMs - newest.sentAtMs);
    this.#lastActionToFrameMs = nowMs - (shown[0]?.madeAtMs ?? nowMs);
    return this.#lastActionToFrameMs;
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
      hops: this.#hopMedians(),
    };
  }

  /** Intervals rather than arrivals are counted, so that a stream two frames old does not read as 1 fps. */
  #fps(nowMs: number): number {
    const recent = this.#arrivalsMs.filter((atMs) => atMs > nowMs - FPS_WINDOW_MS);
    const [firstMs, lastMs] = [recent[0], recent.at(-1)];
    if (firstMs === undefined || lastMs === undefined || recent.length < 2) return 0;
    const stalledMs = Math.max(0, nowMs - lastMs - 100);
    return ((recent.length - 1) * 1_000) / (lastMs - firstMs + stalledMs);
  }

  #addHops(frame: WireFrame, gatewaySentUs: number, totalMs: number): void {
    const sentUs = gatewaySentUs || frame.encodedUs;
    const hops: Hops = {
      networkMs: atLeast0(totalMs - (sentUs - frame.actionReceivedUs) / 1_000),
      waitMs: atLeast0((frame.stepStartedUs - frame.actionReceivedUs) / 1_000),
      stepMs: atLeast0((frame.stepEndedUs - frame.stepStartedUs) / 1_000),
      encodeMs: atLeast0((frame.encodedUs - frame.stepEndedUs) / 1_000),
      gatewayMs: atLeast0((sentUs - frame.encodedUs) / 1_000),
    };
    for (const name of HOP_NAMES) this.#hops.get(name)?.add(hops[name]);
  }

  #hopMedians(): Hops | undefined {
    const median = (name: HopName): number => this.#hops.get(name)?.percentile(0.5) ?? 0;
    if (this.#hops.get('stepMs')?.size === 0) return undefined;
    return {
      networkMs: median('networkMs'),
      waitMs: median('waitMs'),
      stepMs: median('stepMs'),
      encodeMs: median('encodeMs'),
      gatewayMs: median('gatewayMs'),
    };
  }
}

function atLeast0(ms: number): number {
  return Math.max(0, ms);
}
