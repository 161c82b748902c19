// A session's way from one worker to the next: what its client is told, where it goes, and when that is given up.
import type { Logger } from '@meridian/telemetry';
import type { Status } from '@meridian/worker-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayMetrics, MoveCause } from '../metrics.ts';
import { NOBODY_TOOK_IT, findPlace, type Search } from './find-place.ts';
import type { LegEnd } from './leg-end.ts';
import type { Move } from './leg-messages.ts';
import { migrating, workerLost } from './notices.ts';
import type { Remembered } from './session-memory.ts';
import type { Stage } from './stage.ts';
import type { WorkerLeg } from './worker-leg.ts';

export interface MovingDeps {
  readonly session: Remembered;
  readonly stage: Stage;
  readonly metrics: GatewayMetrics;
  readonly search: Search;
  /** A client waits this long for another worker. */
  readonly migrateMs: number;
  readonly log: () => Logger;
}

/** With the control plane away for so long, the worker that was lost is tried once more: it may be all there is (L4). */
const DIAL_AGAIN_MS = 2_000;
/** A worker that is tried again, or newly found, has less time than one that a client comes to. */
const FIRST_MS_MAX = 2_000;
const FIRST_PAUSE_MS = 100;

interface Journey extends Move {
  readonly sinceMs: number;
  /** Places that were found on the way, of which none took the session yet. */
  placesFound: number;
}

export class Moving {
  readonly #deps: MovingDeps;
  #journey: Journey | undefined;
  #lastFrameAtMs: number | undefined;
  #arrived: () => void = () => undefined;

  constructor(deps: MovingDeps) {
    this.#deps = deps;
  }

  /** For the worker that the session comes to. */
  get now(): Move | undefined {
    return this.#journey;
  }

  /** How long the next worker's first message may take. */
  get firstMsMax(): number {
    return this.#journey ? FIRST_MS_MAX : Number.POSITIVE_INFINITY;
  }

  /** Called when the session has arrived, or its stream has ended on the way. */
  onArrived(arrived: () => void): void {
    this.#arrived = arrived;
  }

  legEnded(leg: WorkerLeg, end: LegEnd): void {
    this.#lastFrameAtMs = leg.lastFrameAtMs ?? this.#lastFrameAtMs;
    if (leg.hasArrived) this.#journey = undefined;
    if (end.kind !== 'handed_over') this.#arrived();
  }

  /** The stream is over, wherever the session is. */
  end(): void {
    this.#arrived();
  }

  /** Once a journey, the client is told. */
  begin(cause: MoveCause): void {
    if (this.#journey) return;
    this.#journey = {
      ...{ cause, sinceMs: performance.now(), pausedAtMs: this.#lastFrameAtMs, placesFound: 0 },
      onArrived: () => this.#arrived(),
    };
    this.#deps.stage.showNotice(migrating(cause, this.#deps.stage.standing));
  }

  /** Finds the session another place, or leaves it at the old one to be tried again; else answers with how its stream ends. */
  async replace(why: string, signal: AbortSignal): Promise<Status | undefined> {
    this.begin('lost');
    const { session, search, migrateMs, metrics, stage, log } = this.#deps;
    const journey = this.#journey;
    if (!journey) return undefined;
    const giveUpAtMs = journey.sinceMs + migrateMs;
    if (journey.placesFound > 0) {
      if (performance.now() > giveUpAtMs) return NOBODY_TOOK_IT;
      await delay(FIRST_PAUSE_MS * 2 ** Math.min(journey.placesFound, 4), undefined, { signal });
    }
    const tryUntilMs = Math.min(giveUpAtMs, performance.now() + DIAL_AGAIN_MS);
    const found = await findPlace(session.place.claims, search, tryUntilMs, signal);
    if (found.kind === 'away' && performance.now() < giveUpAtMs) return undefined;
    metrics.replacement(found.kind);
    log().info({ found: found.kind, why }, 'asked for another worker');
    if (found.kind === 'placed') {
      journey.placesFound += 1;
      session.place = found.place;
      return undefined;
    }
    session.isOver = found.kind !== 'away';
    if (found.kind === 'no_slot') stage.showNotice(workerLost(found.why, stage.standing));
    return found.status;
  }
}
