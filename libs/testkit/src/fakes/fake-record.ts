// The durable record in memory: sessions, their events and their usage, as Postgres keeps them, in one transaction.
import { StoreUnavailable } from '@meridian/application';
import type { IdempotencyRecord, WorkerUptime } from '@meridian/application';
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

export interface SessionRow {
  session: Session;
  readonly events: SessionEvent[];
  readonly idempotency: IdempotencyRecord | undefined;
}

export class FakeRecord {
  readonly rows = new Map<SessionId, SessionRow>();
  readonly meters = new Map<string, Meter>();
  readonly segments = new Map<string, UsageSegment>();
  readonly uptimes = new Map<string, WorkerUptime>();
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
    }
  }

  /** Moves a meter and keeps what is cut; `undefined` as the reading only cuts. */
  cut(meter: Meter, reading: MeterReading | undefined): void {
    const session = this.rows.get(meter.sessionId)?.session;
    const close = !session || session.state === 'ended' || session.epoch > meter.epoch;
    const { meter: moved, segments } = cutSegments(meter, reading, { rates: this.rates, close });
    this.meters.set(meterKey(meter), moved);
    for (const segment of segments) {
      const key = `${meterKey(segment)} ${segment.startsAtMs}`;
      if (this.segments.has(key)) throw new Error(`segment cut twice: ${key}`);
      this.segments.set(key, segment);
    }
  }

  metersOf(sessionId: SessionId): readonly Meter[] {
    return [...this.meters.values()].filter((meter) => meter.sessionId === sessionId);
  }

  segmentsOf(sessionId: SessionId): readonly UsageSegment[] {
    return [...this.segments.values()]
      .filter((segment) => segment.sessionId === sessionId)
      .sort((a, b) => a.startsAtMs - b.startsAtMs || a.epoch - b.epoch);
  }
}
