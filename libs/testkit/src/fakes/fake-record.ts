// The durable record in memory: sessions, their events and their usage, as Postgres keeps them, in one transaction.
import { StoreUnavailable } from '@meridian/application';
import type { Clock, WorkerUptime } from '@meridian/application';
import {
  cutSegments,
  hourOf,
  isNews,
  judgeReading,
  openMeter,
  setAsideIdOf,
  type SetAsideReason,
} from '@meridian/domain';
import type {
  Meter,
  MeterReading,
  Rate,
  Session,
  SessionEvent,
  SessionId,
  SetAsideReading,
  TenantId,
  UsageHour,
  UsageSegment,
} from '@meridian/domain';
import { meterKey } from './meter-key.ts';
import { FakeGpuHours } from './fake-gpu-hours.ts';
import { FakeSessionRepository } from './fake-session-repository.ts';
import { FakeSetAside } from './fake-set-aside.ts';
import { FakeUsageHours } from './fake-usage-hours.ts';
import { FakeUsageRepository } from './fake-usage-repository.ts';
import { SessionRows } from './session-rows.ts';

/** A tenant's hour whose segments changed since they were added up. */
export interface DirtyHour {
  readonly hourMs: number;
  readonly tenantId: TenantId;
  readonly atMs: number;
}

export class FakeRecord {
  readonly rows = new SessionRows();
  readonly meters = new Map<string, Meter>();
  readonly segments = new Map<string, UsageSegment>();
  readonly setAside = new Map<string, SetAsideReading>();
  readonly dirtyHours = new Map<string, DirtyHour>();
  readonly hours = new Map<string, UsageHour>();
  readonly uptimes = new Map<string, WorkerUptime>();
  /** Keys of `meters` and `segments` by session. */
  readonly #meterKeys = new Map<SessionId, Set<string>>();
  readonly #segmentKeys = new Map<SessionId, Set<string>>();
  rates: readonly Rate[] = [];
  /** True: every call throws `StoreUnavailable`. */
  away = false;
  readonly sessions = new FakeSessionRepository(this);
  readonly usage = new FakeUsageRepository(this);
  readonly usageHours = new FakeUsageHours(this);
  readonly gpuHours = new FakeGpuHours(this);
  readonly setAsideReadings = new FakeSetAside(this);
  readonly clock: Clock;

  /** Without a clock no reading is from later than now. */
  constructor(clock: Clock = { nowMs: () => Infinity }) {
    this.clock = clock;
  }

  /** One transaction. */
  async do<T>(move: () => T): Promise<T> {
    if (this.away) throw new StoreUnavailable('postgres');
    return move();
  }

  /** A meter begins with the lease, so that where its first segment starts does not depend on heartbeats. */
  openMeters({ request }: Session, events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.type !== 'reserved' && event.type !== 'migrated') continue;
      const { tenantId, sessionId, traceId } = request;
      const meter = openMeter(tenantId, sessionId, event.lease, event.atMs, traceId);
      this.meters.set(meterKey(meter), meter);
      index(this.#meterKeys, meter.sessionId, meterKey(meter));
    }
  }

  /** Applies a reading, or keeps it with the reason why not; undefined: it says nothing new. */
  take(reading: MeterReading): 'applied' | 'set aside' | undefined {
    const meter = this.meters.get(meterKey(reading));
    if (meter && !isNews(meter, reading)) return undefined;
    const reason = meter ? this.#judge(meter, reading) : this.#unknown(reading);
    if (reason) {
      const id = setAsideIdOf(reading, reason);
      if (!this.setAside.has(id)) this.setAside.set(id, { id, reading, reason });
      return 'set aside';
    }
    if (meter) this.cut(meter, reading);
    return 'applied';
  }

  #judge(meter: Meter, reading: MeterReading): SetAsideReason | undefined {
    const closedAtMs = this.#leftAtMs(meter) ?? this.rows.get(meter.sessionId)?.session.endedAtMs;
    return judgeReading(meter, reading, { nowMs: this.clock.nowMs(), closedAtMs });
  }

  #unknown({ sessionId }: MeterReading): SetAsideReason {
    return this.rows.get(sessionId) ? 'unknown_epoch' : 'unknown_session';
  }

  /** When the session moved on to the next epoch. */
  #leftAtMs({ sessionId, epoch }: Meter): number | undefined {
    const { events = [] } = this.rows.get(sessionId) ?? {};
    return events.find((event) => 'lease' in event && event.lease.epoch > epoch)?.atMs;
  }

  /** Moves a meter and keeps what is cut; `undefined` as the reading only cuts. */
  cut(meter: Meter, reading: MeterReading | undefined, closes = false): void {
    const { session } = this.rows.get(meter.sessionId) ?? {};
    const close = closes || !session || session.state === 'ended';
    const leftAtMs = this.#leftAtMs(meter);
    const { meter: moved, segments } = cutSegments(meter, reading, { rates: this.rates, close, leftAtMs });
    this.meters.set(meterKey(meter), moved);
    for (const segment of segments) {
      const key = `${meterKey(segment)} ${segment.startsAtMs}`;
      if (this.segments.has(key)) throw new Error(`segment cut twice: ${key}`);
      this.segments.set(key, segment);
      index(this.#segmentKeys, segment.sessionId, key);
      this.#markFrom(segment);
    }
  }

  /** What is used in an epoch that was left changes the minutes that the session began later, too. */
  #markFrom({ sessionId, tenantId, startsAtMs }: UsageSegment): void {
    for (const segment of this.segmentsOf(sessionId)) {
      if (segment.startsAtMs < startsAtMs) continue;
      const hourMs = hourOf(segment.startsAtMs);
      const key = `${hourMs} ${tenantId}`;
      if (!this.dirtyHours.has(key)) {
        this.dirtyHours.set(key, { hourMs, tenantId, atMs: this.clock.nowMs() });
      }
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
