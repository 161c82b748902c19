// What the tables themselves refuse or make, whoever writes to them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aRate, aReading, aSession, aTenant, observe, reserve, sessionId } from '@meridian/testkit';
import { openRecord } from '../testing/fixture.ts';
import type { RecordFixture } from '../testing/fixture.ts';

const T0 = Date.UTC(2026, 10, 2, 23, 30);
const HOUR_MS = 3_600_000;

describe('usage segments', () => {
  let record: RecordFixture;
  beforeAll(async () => {
    record = await openRecord();
  });
  afterAll(() => record.drop());
  beforeEach(async () => {
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
    const begun = aSession({}, T0, reserve(T0), observe(T0, 'active'));
    await record.sessions.create(begun.session, begun.events, undefined);
  });
  afterEach(() => record.clear());

  const query = async (sql: string) => (await record.database.query<{ day: string }>(sql)).rows;
  const days = () =>
    query(
      `SELECT right(relid::text, 8) AS day FROM pg_partition_tree('usage_segments') WHERE isleaf ORDER BY 1`,
    );
  const use = (ms: number, seq: number) =>
    record.usage.apply([aReading({ seq, activeMs: ms, frames: 0, atMs: T0 + ms })]);
  const again = (change: string) =>
    query(`INSERT INTO usage_segments SELECT r.* FROM usage_segments u,
             jsonb_populate_record(u, '${change}') r ORDER BY u.starts_at LIMIT 1`);

  it('have a partition for every day that they start on, made when it is needed or before, once', async () => {
    await use(HOUR_MS, 1);
    expect(await days()).toEqual([{ day: '20261102' }]);
    await use(3 * HOUR_MS, 2);
    expect(await days()).toEqual([{ day: '20261102' }, { day: '20261103' }]);
    const asked = await Promise.all([1, 2, 3].map(() => record.usage.ensureDays(T0, T0 + 48 * HOUR_MS)));
    expect(asked.sort()).toEqual([0, 0, 1]);
    expect((await record.usage.segments(sessionId(1))).map(({ activeMs }) => activeMs)).toEqual([
      ...[HOUR_MS / 2, HOUR_MS, HOUR_MS],
    ]);
  });

  it('are never changed, never the same twice, and never overlap within an epoch (M2)', async () => {
    await use(HOUR_MS, 1);
    await expect(query('UPDATE usage_segments SET cost_nano = 0')).rejects.toThrow('never changed');
    await expect(query('DELETE FROM usage_segments')).rejects.toThrow('never changed');
    await expect(again('{}')).rejects.toThrow('usage_segments_20261102');
    await expect(again('{"starts_at": "2026-11-02T23:40:00Z"}')).rejects.toMatchObject({ code: '23P01' });
    await expect(again('{"starts_at": "2026-11-02T22:59:00Z"}')).rejects.toMatchObject({ code: '23514' });
    await again('{"starts_at": "2026-11-02T23:40:00Z", "epoch": 2}');
  });
});
