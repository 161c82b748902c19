import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DemandRow } from '@meridian/application';
import { forecastConcurrency, historySpans, type PoolId } from '@meridian/domain';
import { US_EAST } from '@meridian/testkit';
import { openRecord, type RecordFixture } from './testing/fixture.ts';

const MINUTE_MS = 60_000;
const T0 = Date.UTC(2026, 10, 9, 10);
const POOLS = Array.from({ length: 40 }, (_, i) => `us-east/h100/model-${i}@1.0.0` as PoolId);

let fixture: RecordFixture;
beforeAll(async () => {
  fixture = await openRecord();
});
beforeEach(() => fixture.clear());
afterAll(() => fixture.drop());

const row = (pool: PoolId, busySlots: number): DemandRow => ({
  ...{ pool, region: US_EAST, model: 'gallery', atMs: T0, busySlots, queued: 0, slots: 8 },
});

describe('demand in Postgres', () => {
  it('is noted by many replicas at once, in whatever order they list the pools', async () => {
    const replicas = Array.from({ length: 8 }, (_, i) => POOLS.map((pool) => row(pool, i)));
    const orders = replicas.map((rows, i) => (i % 2 === 0 ? rows : rows.toReversed()));
    await Promise.all(orders.map((rows) => fixture.demand.record(rows)));
    const known = await fixture.demand.read(POOLS, [{ fromMs: T0, toMs: T0 + 1 }]);
    expect(known.size).toBe(POOLS.length);
    for (const samples of known.values()) expect(samples).toHaveLength(1);
  });

  it('of two weeks gives a forecast its seasons, and no more than it asks for', async () => {
    // Every day one more session a minute from 10:00 to 11:00.
    await fixture.database.query(
      `INSERT INTO pool_demand (pool, at, region, model, busy_slots, queued, slots)
       SELECT $1, at, 'us-east', 'gallery', 50 + least(60, greatest(0, extract(epoch FROM at::time - '10:00') / 60)), 0, 128
       FROM generate_series($2::timestamptz AT TIME ZONE 'UTC', $3::timestamptz AT TIME ZONE 'UTC', '1 minute') AS at`,
      [POOLS[0], new Date(T0 - 14 * 86_400_000).toISOString(), new Date(T0).toISOString()],
    );
    const spans = historySpans(T0 + 1, 10 * MINUTE_MS);
    const samples = (await fixture.demand.read(POOLS, spans)).get(POOLS[0] as PoolId) ?? [];
    expect(samples.length).toBeGreaterThan(700);
    expect(samples.length).toBeLessThan(850);
    const forecast = forecastConcurrency(samples, 10 * MINUTE_MS);
    expect(forecast).toMatchObject({ atMs: T0, busySlots: 50 });
    expect(forecast?.seasonShare).toBeGreaterThan(0.5);
    expect(forecast?.mean).toBeGreaterThan(52);
  });
});
