// What a client hears of one session: every event by its number, and between them its queue place and its usage.
// Signals only make it quicker: it looks by itself once a second, so a lost signal costs a second (L4).
import type {
  ReadQueuePlace,
  ReadSessionUsage,
  SessionRepository,
  SessionSignals,
} from '@meridian/application';
import { StoreUnavailable } from '@meridian/application';
import type { Session, SessionEvent, TenantId } from '@meridian/domain';
import { toIso } from '../http/schemas.ts';
import type { ViewSession } from './session-view.ts';
import { viewUsage } from './usage-view.ts';

export interface SessionEventPorts {
  readonly sessions: SessionRepository;
  readonly signals: SessionSignals;
  readonly viewSession: ViewSession;
  readonly readQueuePlace: ReadQueuePlace;
  readonly readUsage: ReadSessionUsage;
  /** How often to look without a signal, ms. */
  readonly tickMs: number;
}

/** One server-sent event; only numbered ones move `Last-Event-ID`. */
export interface Message {
  readonly id?: number;
  readonly event: string;
  readonly data: object;
}

/** Yields until the session's `ended` event was told or the signal aborts; `undefined` when there is nothing new. */
export async function* followSession(
  ports: SessionEventPorts,
  first: Session,
  afterNumber: number,
  signal: AbortSignal,
): AsyncGenerator<Message | undefined> {
  const waker = new Waker(ports, first, signal);
  const extras = new Extras(ports, first.request.tenantId);
  let number = afterNumber;
  while (!signal.aborted) {
    try {
      const session = (await ports.sessions.find(first.request.sessionId)) ?? first;
      if (session.eventCount > number) {
        for await (const message of newEvents(ports, session, number)) {
          number = message.id;
          yield message;
        }
      }
      if (session.state === 'ended' && number >= session.eventCount) return;
      yield* extras.of(session);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    yield undefined;
    await waker.wait();
  }
}

async function* newEvents(
  { sessions, viewSession }: SessionEventPorts,
  session: Session,
  afterNumber: number,
) {
  const events = await sessions.events(session.request.sessionId, afterNumber);
  if (events.length === 0) return;
  const view = await viewSession(session);
  for (const { number, event } of events) {
    const data = { type: event.type, at: toIso(event.atMs), ...reasonOf(event), session: view };
    yield { id: number, event: event.type, data };
  }
}

/** Why it moves; why it ended stands in the session. */
const reasonOf = (event: SessionEvent): { readonly reason?: 'drain' | 'worker_lost' } =>
  event.type === 'migrating' ? { reason: event.reason ?? 'worker_lost' } : {};

/** The queue place when it changes, and the usage once a tick while it can change. */
class Extras {
  readonly #ports: SessionEventPorts;
  readonly #tenantId: TenantId;
  #lastPlace = '';

  constructor(ports: SessionEventPorts, tenantId: TenantId) {
    this.#ports = ports;
    this.#tenantId = tenantId;
  }

  async *of(session: Session): AsyncGenerator<Message> {
    if (session.state === 'queued') {
      const place = await this.#ports.readQueuePlace(session);
      const text = JSON.stringify(place);
      if (place && text !== this.#lastPlace) yield { event: 'queue', data: { type: 'queue', ...place } };
      this.#lastPlace = text;
    }
    if (session.state === 'active') {
      const report = await this.#ports.readUsage(this.#tenantId, session.request.sessionId);
      if (report) yield { event: 'usage', data: viewUsage(report) };
    }
  }
}

/** Waits for a signal or the next tick. Signals that come while nobody waits are kept as one. */
class Waker {
  readonly #tickMs: number;
  #signalled = false;
  #resolve: () => void = () => undefined;

  constructor({ signals, tickMs }: SessionEventPorts, session: Session, signal: AbortSignal) {
    this.#tickMs = tickMs;
    const wake = (): void => {
      this.#signalled = true;
      this.#resolve();
    };
    signals.onChange(session.request.sessionId, wake, signal);
    signal.addEventListener('abort', wake, { once: true });
  }

  async wait(): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#resolve = resolve));
    const tick = setTimeout(this.#resolve, this.#tickMs);
    if (!this.#signalled) await woken;
    clearTimeout(tick);
    this.#signalled = false;
  }
}
