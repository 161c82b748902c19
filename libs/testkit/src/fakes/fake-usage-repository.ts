import type { FleetCostRow, UsageRepository, WorkerUptime } from '@meridian/application';
import { cutSegments, gpuBillNano, rateAt, segmentWithin, sessionUsageOf } from '@meridian/domain';
import type { MeterReading, PoolId, Rate, SessionId, SessionUsage, UsageSegment } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';
import { meterKey } from './meter-key.ts';

export class FakeUsageRepository implements UsageRepository {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  apply(readings: readonly MeterReading[]): Promise<void> {
    return this.#record.do(() => {
      for (const reading of readings) {
        const meter = this.#record.meters.get(meterKey(reading));
        if (meter && reading.seq > meter.seq) this.#record.cut(meter, reading);
      }
    });
  }

  sessionUsage(sessionId: SessionId, live?: MeterReading): Promise<SessionUsage | undefined> {
    return this.#record.do(() => {
      const session = this.#record.rows.get(sessionId)?.session;
      const meters = this.#record.metersOf(sessionId);
      if (!session || meters.length === 0) return undefined;
      return sessionUsageOf(sessionId, this.#record.segmentsOf(sessionId), meters, {
        rates: this.#record.rates,
        final: session.state === 'ended',
        ...(live ? { live } : {}),
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
    const currency = rateAt(rates, first.gpuType, first.region, fromMs)?.currency ?? 'GBP';
    const billNano = uptimes.reduce((sum, uptime) => sum + gpuBillNano(uptime, rates, fromMs, toMs), 0n);
    const sessionNano = used.reduce((sum, part) => sum + part.costNano, 0n);
    const activeMs = used.reduce((sum, part) => sum + part.activeMs, 0);
    return [{ region: first.region, pool, currency, billNano, sessionNano, activeMs }];
  }
}
