import type {
  ApplyOutcome,
  CutOpenOutcome,
  FleetCostRow,
  MeterCursor,
  UsageRepository,
  WorkerUptime,
} from '@meridian/application';
import {
  cutSegments,
  gpuBillNano,
  hasOpenPart,
  rateAt,
  segmentWithin,
  sessionUsageOf,
} from '@meridian/domain';
import type { MeterReading, PoolId, Rate, SessionId, SessionUsage, UsageSegment } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';
import { meterKey } from './meter-key.ts';

export class FakeUsageRepository implements UsageRepository {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  apply(readings: readonly MeterReading[]): Promise<ApplyOutcome> {
    return this.#record.do(() => {
      const inOrder = readings.toSorted((a, b) => a.startedUs - b.startedUs || a.seq - b.seq);
      const became = inOrder.map((reading) => this.#record.take(reading));
      const count = (outcome: string): number => became.filter((each) => each === outcome).length;
      return { applied: count('applied'), setAside: count('set aside') };
    });
  }

  cutOpen(beforeMs: number, limit: number, after?: MeterCursor): Promise<CutOpenOutcome> {
    return this.#record.do(() => {
      const open = [...this.#record.meters.values()]
        .filter((meter) => meter.last.atMs < beforeMs && hasOpenPart(meter) && isAfter(meter, after))
        .sort((a, b) => (isAfter(a, b) ? 1 : -1));
      const some = open.slice(0, limit);
      for (const meter of some) this.#record.cut(meter, undefined, true);
      const last = some.length < open.length ? some.at(-1) : undefined;
      const cut = some.filter((meter) => this.#record.meters.get(meterKey(meter))?.cut !== meter.cut).length;
      return { cut, ...(last && { next: { sessionId: last.sessionId, epoch: last.epoch } }) };
    });
  }

  /** Every day has room. */
  ensureDays(): Promise<number> {
    return this.#record.do(() => 0);
  }

  sessionUsage(sessionId: SessionId, live: readonly MeterReading[] = []): Promise<SessionUsage | undefined> {
    return this.#record.do(() => {
      const session = this.#record.rows.get(sessionId)?.session;
      const meters = this.#record.metersOf(sessionId);
      if (!session || meters.length === 0) return undefined;
      return sessionUsageOf(sessionId, this.#record.segmentsOf(sessionId), meters, {
        rates: this.#record.rates,
        final: session.state === 'ended',
        live,
      });
    });
  }

  segments(sessionId: SessionId): Promise<readonly UsageSegment[]> {
    return this.#record.do(() => this.#record.segmentsOf(sessionId));
  }

  recordUptime(rows: readonly WorkerUptime[]): Promise<void> {
    return this.#record.do(() => {
      for (const row of rows) {
        const key = `${row.workerId} ${row.incarnation}`;
        const known = this.#record.uptimes.get(key);
        const lastSeenAtMs = Math.max(row.lastSeenAtMs, known?.lastSeenAtMs ?? 0);
        this.#record.uptimes.set(key, { ...row, lastSeenAtMs });
      }
    });
  }

  fleetCost(fromMs: number, toMs: number): Promise<readonly FleetCostRow[]> {
    return this.#record.do(() => {
      const pools = Map.groupBy(this.#record.uptimes.values(), (uptime) => uptime.pool);
      return [...pools].flatMap(([pool, uptimes]) => this.#poolCost(pool, uptimes, fromMs, toMs));
    });
  }

  rates(): Promise<readonly Rate[]> {
    return this.#record.do(() => this.#record.rates);
  }

  addRate(rate: Rate): Promise<void> {
    return this.#record.do(() => {
      const isKnown = this.#record.rates.some(({ rateId }) => rateId === rate.rateId);
      if (!isKnown) this.#record.rates = [...this.#record.rates, rate];
    });
  }

  #poolCost(pool: PoolId, uptimes: readonly WorkerUptime[], fromMs: number, toMs: number): FleetCostRow[] {
    const [first] = uptimes;
    if (!first) return [];
    const { rates } = this.#record;
    const open = [...this.#record.meters.values()].flatMap(
      (meter) => cutSegments(meter, undefined, { rates, close: true }).segments,
    );
    const used = [...this.#record.segments.values(), ...open]
      .filter((segment) => segment.pool === pool)
      .map((segment) => segmentWithin(segment, fromMs, toMs));
    const currency = rateAt(rates, first, fromMs)?.currency ?? 'GBP';
    const billNano = uptimes.reduce((sum, uptime) => sum + gpuBillNano(uptime, rates, fromMs, toMs), 0n);
    const sessionNano = used.reduce((sum, part) => sum + part.costNano, 0n);
    const activeMs = used.reduce((sum, part) => sum + part.activeMs, 0);
    return [{ region: first.region, pool, currency, billNano, sessionNano, activeMs }];
  }
}

const isAfter = (meter: MeterCursor, cursor: MeterCursor | undefined): boolean =>
  cursor === undefined ||
  meter.sessionId > cursor.sessionId ||
  (meter.sessionId === cursor.sessionId && meter.epoch > cursor.epoch);
