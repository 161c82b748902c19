// The durable record in memory: sessions, their events and their usage, as Postgres keeps them, in one transaction.
import { StoreUnavailable } from '@meridian/application';
import type { WorkerUptime } from '@meridian/application';
import { cutSegments, openMeter } from '@meridian/domain';
import type {
  Meter,
  MeterReading,
  Rate,
  Session,
  SessionEvent,
  SessionId,
  UsageSegment,
} from '@meridian/domain';
import { meterKey } from './meter-key.ts';
import { FakeSessionRepository } from './fake-session-repository.ts';
import { FakeUsageRepository } from './fake-usage-repository.ts';
import { SessionRows } from './session-rows.ts';

export class FakeRecord {
  readonly rows = new SessionRows();
  readonly meters = new Map<string, Meter>();
  readonly segments = new Map<string, UsageSegment>();
  readonly uptimes = new Map<string, WorkerUptime>();
  /** Keys of `meters` and `segments` by session. */
  readonly #meterKeys = new Map<SessionId, Set<string>>();
  readonly #segmentKeys = new Map<SessionId, Set<string>>();
  rates: readonly Rate[] = [];
  /** True: every call throws `StoreUnavailable`. */
  away = false;
  readonly sessions = new FakeSessionRepository(this);
  readonly usage = new FakeUsageRepository(this);

  /** One transaction. */
  async do<T>(move: () => T): Promise<T> {
    if (this.away) throw new StoreUnavailable('postgres');
    return move();
  }

  /** A meter begins with the lease, so that where its first segment starts does not depend on heartbeats. */
  openMeters({ request }: Session, events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.type !== 'reserved' && event.type !== 'migrated') continue;
      const meter = openMeter(request.tenantId, request.sessionId, event.lease, event.atMs);
      this.meters.set(meterKey(meter), meter);
      index(this.#meterKeys, meter.sessionId, meterKey(meter));
    }
  }

  /** Moves a meter and keeps what is cut; `undefined` as the reading only cuts. */
  cut(meter: Meter, reading: MeterReading | undefined): void {
    const { session, events = [] } = this.rows.get(meter.sessionId) ?? {};
    const close = !session || session.state === 'ended';
    const left = events.find((event) => 'lease' in event && event.lease.epoch > meter.epoch);
    const context = { rates: this.rates, close, leftAtMs: left?.atMs };
    const { meter: moved, segments } = cutSegments(meter, reading, context);
    this.meters.set(meterKey(meter), moved);
    for (const segment of segments) {
      const key = `${meterKey(segment)} ${segment.startsAtMs}`;
      if (this.segments.has(key)) throw new Error(`segment cut twice: ${key}`);
      this.segments.set(key, segment);
      index(this.#segmentKeys, segment.sessionId, key);
    }
  }

  metersOf(sessionId: SessionId): readonly Meter[] {
    return [...(this.#meterKeys.get(sessionId) ?? [])].flatMap((key) => this.meters.get(key) ?? []);
  }

  segmentsOf(sessionId: SessionId): readonly UsageSegment[] {
    return [...(this.#segmentKeys.get(sessionId) ?? [])]
      .flatMap((key) => this.segments.get(key) ?? [])
      .sort((a, b) => a.startsAtMs - b.startsAtMs || a.epoch - b.epoch);
  }

  /** Drops a session with its usage: a long simulation keeps no more than its queries look at. */
  forget(sessionId: SessionId): void {
    this.rows.delete(sessionId);
    for (const key of this.#meterKeys.get(sessionId) ?? []) this.meters.delete(key);
    for (const key of this.#segmentKeys.get(sessionId) ?? []) this.segments.delete(key);
    this.#meterKeys.delete(sessionId);
    this.#segmentKeys.delete(sessionId);
  }
}

function index(keys: Map<SessionId, Set<string>>, sessionId: SessionId, key: string): void {
  const known = keys.get(sessionId);
  if (known) known.add(key);
  else keys.set(sessionId, new Set([key]));
}
