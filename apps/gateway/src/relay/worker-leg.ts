// One worker's part of a session: from dialing it to the end of its stream.
import { status } from '@grpc/grpc-js';
import { PlayRequest } from '@meridian/protocol';
import {
  OK,
  type ServeCall,
  type StreamEnd,
  type WorkerConnections,
  type WorkerStream,
} from '@meridian/worker-client';
import { formatTraceparent, type Logger, type TraceContext } from '@meridian/telemetry';
import type { GatewayMetrics } from '../metrics.ts';
import type { Place } from '../token/admit.ts';
import { Feedback } from './feedback.ts';
import { judge, type LegEnd } from './leg-end.ts';
import { LegMessages, type Move } from './leg-messages.ts';
import type { Remembered, SessionMemory } from './session-memory.ts';
import type { Stage } from './stage.ts';
import { Watchdog } from './watchdog.ts';

export interface LegOptions {
  readonly clientKey: string;
  readonly nextFrame: number;
  readonly trace: TraceContext;
  readonly session: Remembered;
  readonly move: Move | undefined;
  readonly limits: { readonly firstMs: number; readonly stallMs: number };
  readonly onLetIn: () => void;
  readonly onDraining: () => void;
}

export interface LegRoute {
  readonly workers: WorkerConnections;
  readonly stage: Stage;
  readonly memory: SessionMemory;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

/** A worker that was told to hand over stops, sends its last checkpoint and closes, within this time. */
const HAND_OVER_MS = 300;
const HAND_OVER = PlayRequest.encode(
  PlayRequest.fromPartial({ message: { $case: 'handOver', value: {} } }),
).finish();

export class WorkerLeg {
  readonly #route: LegRoute;
  readonly #options: LegOptions;
  readonly #place: Place;
  readonly #messages: LegMessages;
  readonly #watchdog: Watchdog;
  readonly #cut = new AbortController();
  #worker: WorkerStream | undefined;
  #tooLong: NodeJS.Timeout | undefined;
  #isQuiet = false;
  #isHandingOver = false;
  #isDone = false;

  constructor(route: LegRoute, options: LegOptions) {
    this.#route = route;
    this.#options = options;
    this.#place = options.session.place;
    this.#watchdog = new Watchdog(options.limits, () => this.#bark());
    this.#messages = new LegMessages({
      ...route,
      ...options,
      feedback: new Feedback(route.stage.outlet, (message) => void this.#worker?.write(message)),
      onAlive: () => this.#watchdog.heard(),
    });
  }

  get lastFrameAtMs(): number | undefined {
    return this.#messages.lastFrameAtMs;
  }

  get hasArrived(): boolean {
    return this.#messages.hasArrived;
  }

  /** Relays until the worker's stream ends, the worker goes quiet, or the signal aborts. */
  async run(signal: AbortSignal): Promise<LegEnd> {
    const { uplink } = this.#route.stage;
    const stop = () => this.#stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const worker = this.#dial();
    this.#worker = worker;
    uplink.attach(worker);
    const end = await worker.ended;
    this.#isDone = true;
    uplink.detach(worker);
    this.#watchdog.stop();
    clearTimeout(this.#tooLong);
    signal.removeEventListener('abort', stop);
    return this.#judge(end);
  }

  /** The session has another place: the worker is to stop, and to send its last checkpoint. */
  handOver(): void {
    if (this.#isDone || this.#isHandingOver) return;
    this.#isHandingOver = true;
    void this.#worker?.write(HAND_OVER);
    this.#tooLong = setTimeout(() => this.#cut.abort(), HAND_OVER_MS);
  }

  /** A checkpoint under way is waited for, though the client may have left. */
  #stop(): void {
    if (!this.#isHandingOver) this.#cut.abort();
  }

  #bark(): void {
    this.#isQuiet = true;
    this.#cut.abort();
    this.#route.workers.suspect(this.#place.claims.workerAddress);
  }

  #dial(): WorkerStream {
    const { session, clientKey, trace } = this.#options;
    const nextFrame = Math.max(session.nextFrame, this.#options.nextFrame);
    const call: ServeCall = {
      address: this.#place.claims.workerAddress,
      sessionToken: this.#place.sessionToken,
      clientKey,
      traceparent: formatTraceparent(trace),
      ...(session.checkpoint ? { checkpoint: session.checkpoint } : {}),
      ...(nextFrame > 0 ? { nextFrame } : {}),
      onTooLarge: (bytes) => this.#messages.passedOver(bytes),
    };
    return this.#route.workers.serve(
      call,
      (envelope) => (this.#isDone ? envelope.release() : this.#messages.take(envelope)),
      this.#cut.signal,
    );
  }

  #judge(end: StreamEnd): LegEnd {
    // Its last word was said; however the stream breaks then, there is nothing to be moved.
    if (this.#options.session.isOver) return { kind: 'over', status: end.by === 'worker' ? end.status : OK };
    const isHandedOver =
      this.#isHandingOver && (end.by !== 'worker' || end.status.code === status.UNAVAILABLE);
    if (isHandedOver) return { kind: 'handed_over' };
    if (this.#isQuiet) return { kind: 'lost', why: 'it went quiet', mayLive: false };
    const { hadAny, hasArrived } = this.#messages;
    return judge(end, { hadMessages: hadAny, isMoving: !hasArrived && this.#options.move !== undefined });
  }
}
