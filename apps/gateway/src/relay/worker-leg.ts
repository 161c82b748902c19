// One worker's part of a session: from dialing it to the end of its stream.
// L2. Only frames of the epoch we dialed with are relayed, and only with rising numbers.
import { status } from '@grpc/grpc-js';
import { NoticeKind } from '@meridian/protocol';
import {
  checkpointIn,
  peek,
  type Envelope,
  type Peeked,
  type Status,
  type StreamEnd,
  type WorkerConnections,
  type WorkerStream,
} from '@meridian/worker-client';
import { formatTraceparent, type Logger, type TraceContext } from '@meridian/telemetry';
import type { GatewayMetrics } from '../metrics.ts';
import { migrated, nextFrameNumberIn } from './notices.ts';
import type { Outlet } from './outlet.ts';
import type { Remembered, SessionMemory } from './session-memory.ts';
import type { Uplink } from './uplink.ts';
import { Watchdog } from './watchdog.ts';

export interface LegOptions {
  readonly clientKey: string;
  readonly trace: TraceContext;
  readonly session: Remembered;
  /** The client was told `migrating`, and is waiting to be told `migrated`. */
  readonly isMigration: boolean;
  readonly limits: { readonly firstMs: number; readonly stallMs: number };
}

export interface LegRoute {
  readonly workers: WorkerConnections;
  readonly outlet: Outlet;
  readonly uplink: Uplink;
  readonly memory: SessionMemory;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

export type LegEnd =
  /** The worker's last word on the session, to be passed on. */
  | { readonly kind: 'over'; readonly status: Status }
  /** The worker is lost. `mayLive`: only the connection broke, so dialing it again may do. */
  | { readonly kind: 'lost'; readonly why: string; readonly mayLive: boolean; readonly hadMessages: boolean };

export class WorkerLeg {
  readonly #route: LegRoute;
  readonly #options: LegOptions;
  readonly #epoch: number;
  #hadMessages = false;
  #tellMigrated: boolean;
  /** A session whose state is too large says so once, though it happens every second. */
  #hasWarned = false;

  constructor(route: LegRoute, options: LegOptions) {
    this.#route = route;
    this.#options = options;
    this.#epoch = options.session.place.claims.epoch;
    this.#tellMigrated = options.isMigration;
  }

  /** Relays until the worker's stream ends, the worker goes quiet, or the signal aborts. */
  async run(signal: AbortSignal): Promise<LegEnd> {
    const quiet = new AbortController();
    const watchdog = new Watchdog(this.#options.limits, () => quiet.abort());
    const worker = this.#dial(AbortSignal.any([signal, quiet.signal]));
    this.#route.uplink.attach(worker);
    try {
      for await (const envelope of worker.messages) {
        if (this.#relay(envelope)) watchdog.heard();
      }
    } finally {
      watchdog.stop();
      this.#route.uplink.detach();
    }
    const end = await worker.ended;
    if (quiet.signal.aborted) this.#route.workers.suspect(this.#options.session.place.claims.workerAddress);
    return this.#judge(end, quiet.signal.aborted);
  }

  #dial(signal: AbortSignal): WorkerStream {
    const { session, clientKey, trace } = this.#options;
    const { checkpoint, nextFrame, place } = session;
    return this.#route.workers.serve(
      {
        address: place.claims.workerAddress,
        sessionToken: place.sessionToken,
        clientKey,
        traceparent: formatTraceparent(trace),
        ...(checkpoint ? { checkpoint } : {}),
        ...(nextFrame > 0 ? { nextFrame } : {}),
        onTooLarge: (bytes) => {
          this.#route.metrics.messagesTooLarge.inc();
          this.#warn(
            bytes,
            'a message of the worker was too large and passed over; a checkpoint is not kept',
          );
        },
      },
      signal,
    );
  }

  /** True for a sign of life: a checkpoint is none, for a worker may go on making them with its model stuck. */
  #relay(envelope: Envelope): boolean {
    const peeked = peek(envelope.message);
    if (this.#isOfOtherEpoch(peeked)) {
      this.#route.metrics.droppedFenced.inc();
      envelope.release();
      return false;
    }
    this.#hadMessages = true;
    this.#options.session.clientKey ??= this.#options.clientKey;
    this.#take(peeked, envelope);
    return peeked.kind === 'frame' || peeked.kind === 'notice';
  }

  #isOfOtherEpoch(peeked: Peeked): boolean {
    if (!('epoch' in peeked)) return false;
    return peeked.epoch !== this.#epoch && !(peeked.kind === 'notice' && peeked.epoch === 0);
  }

  #take(peeked: Peeked, envelope: Envelope): void {
    switch (peeked.kind) {
      case 'frame':
        return this.#takeFrame(peeked, envelope);
      case 'notice':
        return this.#takeNotice(peeked.notice, envelope);
      case 'checkpoint':
        this.#keep(checkpointIn(envelope.message));
        return envelope.release();
      case 'unknown':
      case 'malformed':
        this.#route.metrics.droppedMalformed.inc();
        return envelope.release();
    }
  }

  #keep(checkpoint: Buffer | undefined): void {
    if (!checkpoint || this.#route.memory.keep(this.#options.session, checkpoint)) return;
    this.#route.metrics.checkpointsNotKept.inc();
    this.#warn(checkpoint.length, 'no memory for a checkpoint; another worker would start from an older one');
  }

  #warn(bytes: number, what: string): void {
    if (!this.#hasWarned) this.#route.logger.warn({ bytes }, what);
    this.#hasWarned = true;
  }

  #takeFrame({ number, keyframe }: Extract<Peeked, { kind: 'frame' }>, envelope: Envelope): void {
    const { session } = this.#options;
    if (number < session.nextFrame) {
      this.#route.metrics.droppedOutdated.inc();
      return envelope.release();
    }
    this.#sayMigrated(number);
    session.nextFrame = number + 1;
    this.#route.outlet.offer(keyframe ? 'keyframe' : 'frame', envelope);
  }

  /** A worker greets a session it took over as started or resumed; to the client it has migrated. */
  #takeNotice(kind: NoticeKind, envelope: Envelope): void {
    const isGreeting =
      kind === NoticeKind.STARTED || kind === NoticeKind.RESUMED || kind === NoticeKind.MIGRATED;
    if (this.#tellMigrated && isGreeting) return this.#sayMigrated(nextFrameNumberIn(envelope));
    if (kind === NoticeKind.ENDED) this.#options.session.isOver = true;
    this.#route.outlet.offer('notice', envelope);
  }

  #sayMigrated(nextFrame: number): void {
    if (!this.#tellMigrated) return;
    this.#tellMigrated = false;
    this.#route.outlet.offer(
      'notice',
      migrated(this.#epoch, Math.max(nextFrame, this.#options.session.nextFrame)),
    );
  }

  #judge({ status: said, by }: StreamEnd, wentQuiet: boolean): LegEnd {
    const hadMessages = this.#hadMessages;
    if (wentQuiet) return { kind: 'lost', why: 'it went quiet', mayLive: false, hadMessages };
    if (by === 'connection') return { kind: 'lost', why: said.message, mayLive: hadMessages, hadMessages };
    if (said.code === status.UNAVAILABLE || this.#isElsewhere(said)) {
      return { kind: 'lost', why: said.message, mayLive: false, hadMessages };
    }
    return { kind: 'over', status: said };
  }

  /**
   * The session is not here any more, though somebody answers: it moved on to a higher epoch, another worker has this
   * address now, or the session ran here and the worker was restarted since. The control plane knows where it is.
   */
  #isElsewhere({ code, meridianCode = '' }: Status): boolean {
    if (meridianCode === 'epoch_fenced' || meridianCode === 'wrong_worker') return true;
    const ranBefore = this.#options.session.nextFrame > 0;
    return ranBefore && (code === status.NOT_FOUND || meridianCode === 'claim_expired');
  }
}
