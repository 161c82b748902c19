// M3 against what no code of ours would do: rows that somebody changed by hand, and rates of every kind.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkerUptime } from '@meridian/application';
import type { Incarnation, Rate, RateId, RegionId } from '@meridian/domain';
import { aRate, poolIn, SeededDraw, US_EAST, workerId } from '@meridian/testkit';
import { openRecord } from '../testing/fixture.ts';
import type { RecordFixture } from '../testing/fixture.ts';

const HOUR_MS = 3_600_000;
const HOUR = Date.UTC(2026, 10, 2, 10);
const LATER = HOUR + 2 * HOUR_MS;

let record: RecordFixture;
beforeAll(async () => {
  record = await openRecord();
});
afterAll(() => record.drop());
beforeEach(() => record.clear());

const uptime = (over: Partial<WorkerUptime> = {}): WorkerUptime => ({
  ...{
    workerId: workerId('us-east-1'),
    incarnation: 'a' as Incarnation,
    region: US_EAST,
    pool: poolIn(US_EAST),
  },
  ...{ gpuType: 'h100', slots: 2, gpus: 1, purchase: 'on_demand' },
  ...{ startedAtMs: HOUR, lastSeenAtMs: HOUR + HOUR_MS, ...over },
});
const makeAll = async (): Promise<void> => {
  while ((await record.gpuHours.recompute(100)) > 0);
};

describe('a row that was changed by hand', () => {
  beforeEach(async () => {
    await record.usage.addRate(aRate());
    await record.usage.recordUptime([uptime(), uptime({ workerId: workerId('us-east-2') })]);
    await makeAll();
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 2, found: [] });
  });

  it.each(['no_demand_nano', 'booting_nano', 'bill_nano', 'session_nano'])(
    'is found with its GPU and hour: %s',
    async (column) => {
      await record.database.query(
        `UPDATE gpu_hours SET ${column} = ${column} + 1 WHERE worker_id = 'us-east-2'`,
      );
      const { found } = await record.gpuHours.check(HOUR, LATER);
      expect(found).toMatchObject([
        { hourMs: HOUR, workerId: 'us-east-2', incarnation: 'a', region: US_EAST },
      ]);
      expect(found[0]?.differenceNano).not.toBe(0n);
      expect(await record.gpuHours.breaches(HOUR, LATER)).toHaveLength(1);
    },
  );

  it('is found when an uptime was shortened after its hour was made', async () => {
    await record.database.query(`UPDATE worker_uptime SET last_seen_at = last_seen_at - interval '1 second'
                                 WHERE worker_id = 'us-east-1'`);
    expect((await record.gpuHours.check(HOUR, LATER)).found).toMatchObject([
      { workerId: 'us-east-1', differenceNano: -666_667n },
    ]);
  });

  it('is found when it is gone', async () => {
    await record.database.query(`DELETE FROM gpu_hours WHERE worker_id = 'us-east-1'`);
    expect((await record.gpuHours.check(HOUR, LATER)).found).toMatchObject([
      { workerId: 'us-east-1', differenceNano: 2_400_000_000n },
    ]);
  });

  it('is resolved when its hour is made anew', async () => {
    await record.database.query(`UPDATE gpu_hours SET booting_nano = 0 WHERE worker_id = 'us-east-2'`);
    await record.gpuHours.check(HOUR, LATER);
    await record.database.query('UPDATE worker_uptime SET counted_to = NULL');
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ deferred: 2, resolved: 0 });
    await makeAll();
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 2, found: [], resolved: 1 });
  });
});

describe('the bill in SQL', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

  it.each(seeds)(
    'is the domain’s, for any rates and uptimes, and so is what is paid: seed %i',
    async (seed) => {
      const draw = new SeededDraw(seed);
      for (let i = draw.below(8); i >= 0; i -= 1) await record.usage.addRate(aRandomRate(draw, i));
      await record.usage.recordUptime(Array.from({ length: 10 }, (_, i) => aRandomUptime(draw, i)));
      await makeAll();
      const { checked, found, deferred } = await record.gpuHours.check(HOUR, LATER);
      expect({ found, deferred }).toEqual({ found: [], deferred: 0 });
      expect(checked).toBeGreaterThan(0);
    },
  );
});

const KINDS = ['on_demand', 'reserved', 'spot'] as const;

/** Some before the hour, some within, some never in force in it. */
const anInstant = (draw: SeededDraw): number => HOUR - HOUR_MS + draw.below(3 * HOUR_MS);

const aRandomRate = (draw: SeededDraw, i: number): Rate =>
  aRate({
    ...{ rateId: `rate_${i}` as RateId, purchase: KINDS[draw.below(3)] ?? 'spot' },
    ...{ currency: draw.below(4) === 0 ? 'USD' : 'GBP', nanoPerGpuHour: BigInt(draw.below(9_999_999_999)) },
    ...{ effectiveFromMs: anInstant(draw), recordedAtMs: draw.below(2) === 0 ? 0 : anInstant(draw) },
    ...(draw.below(2) === 0 && { region: (draw.below(2) === 0 ? US_EAST : 'elsewhere') as RegionId }),
  });

const aRandomUptime = (draw: SeededDraw, i: number): WorkerUptime => {
  const [a, b] = [HOUR + draw.below(HOUR_MS), HOUR + draw.below(HOUR_MS)];
  return uptime({
    ...{ workerId: workerId(`w-${i}`), purchase: KINDS[draw.below(3)] ?? 'spot', gpus: 1 + draw.below(3) },
    ...{ startedAtMs: Math.min(a, b), lastSeenAtMs: Math.max(a, b) + 1 },
  });
};
