// What was stored before usage was kept by days is still there afterwards, with what later columns say of it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { poolIdOf, type RegionId } from '@meridian/domain';
import pg from 'pg';
import { readMigrations } from '../migrate/migration-files.ts';
import { createScratchDatabase } from '../migrate/scratch-database.ts';
import type { ScratchDatabase } from '../migrate/scratch-database.ts';
import { testDatabaseUrl } from '../testing/fixture.ts';

const POOL = poolIdOf({
  region: 'us-east' as RegionId,
  gpuType: 'h100',
  model: 'a/b@c',
  modelVersion: '1.2.0',
});
const USAGE = '0004_usage';

/** A session that moved after 90 minutes and has ended, and one that runs. */
const BEFORE = `
  INSERT INTO tenants (tenant_id, name, max_sessions, created_at) VALUES ('ten_1', 'one', 9, now());
  INSERT INTO rates VALUES ('rate', 'h100', NULL, 'GBP', 1000, 'epoch', 'epoch');
  INSERT INTO sessions (session_id, tenant_id, state, epoch, event_count, created_at, updated_at, ended_at, folded, model)
  VALUES ('ses_1', 'ten_1', 'ended', 2, 3, now(), now(), '2026-11-02T13:00Z', '{"request": {"traceId": "abc"}}', 'm'),
         ('ses_2', 'ten_1', 'active', 1, 1, now(), now(), NULL, '{"request": {"note": "\\u0000"}}', 'm');
  INSERT INTO session_events VALUES
    ('ses_1', 1, 'reserved', '2026-11-01T23:30Z', '{"lease": {"epoch": 1}}'),
    ('ses_1', 2, 'migrated', '2026-11-02T01:00Z', '{"lease": {"epoch": 2}}');
  INSERT INTO meters (session_id, epoch, tenant_id, region, pool, gpu_type, worker_id, slots, seq, last_at,
                      last_active_ms, last_frames, last_late_frames, cut_at, cut_active_ms, cut_frames, cut_late_frames)
  SELECT s, e, 'ten_1', 'us-east', '${POOL}', 'h100', 'w' || e, 4, 7, '2026-11-02T02:00Z', 90, 9, 0,
         '2026-11-02T02:00Z', cut, 9, 0
  FROM (VALUES ('ses_1', 1, 90), ('ses_1', 2, 90), ('ses_2', 1, 0)) AS m(s, e, cut);
  INSERT INTO usage_segments
  SELECT 'ses_1', e, starts::timestamptz, starts::timestamptz + interval '1 minute', 'ten_1', 'us-east', '${POOL}',
         'w' || e, active, 3, 0, 'rate', 'GBP', 4, 5
  FROM (VALUES (1, '2026-11-01T23:30Z', 20), (1, '2026-11-02T00:00Z', 30), (1, '2026-11-02T00:30Z', 40),
               (2, '2026-11-02T01:00Z', 90)) AS u(e, starts, active);`;

describe('usage that was stored before', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    scratch = await createScratchDatabase(testDatabaseUrl());
    client = new pg.Client({ connectionString: scratch.url });
    await client.connect();
    for (const { path, migrationFile } of (await readMigrations()).migrationDirectories) {
      if (path > USAGE || migrationFile.content.tag !== 'ok') continue;
      if (path === USAGE) await client.query(BEFORE);
      await client.query(migrationFile.content.value);
    }
  });
  afterAll(async () => {
    await client.end();
    await scratch.drop();
  });
  const read = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;

  it('is in the partition of its day, with the active time before it', async () => {
    expect(
      await read(`SELECT tableoid::regclass::text AS part, epoch, active_from_ms::int, active_ms::int, trace_id, model,
                         model_version, gpu_type, purchase, width, gpus
                  FROM usage_segments ORDER BY starts_at`),
    ).toEqual(
      [
        { part: 'usage_segments_20261101', epoch: 1, active_from_ms: 0, active_ms: 20 },
        { part: 'usage_segments_20261102', epoch: 1, active_from_ms: 20, active_ms: 30 },
        { part: 'usage_segments_20261102', epoch: 1, active_from_ms: 50, active_ms: 40 },
        { part: 'usage_segments_20261102', epoch: 2, active_from_ms: 0, active_ms: 90 },
      ].map((row) => ({
        ...{ ...row, trace_id: 'abc', model: 'a/b@c', model_version: '1.2.0', gpu_type: 'h100' },
        ...{ purchase: 'on_demand', width: 1, gpus: 1 },
      })),
    );
  });

  it('has meters that know when they began, were left and are done', async () => {
    const at = (text: string) => new Date(text);
    expect(
      await read('SELECT session_id, epoch, started_at, left_at, ended_at, closed FROM meters ORDER BY 1, 2'),
    ).toEqual([
      {
        ...{
          session_id: 'ses_1',
          epoch: 1,
          started_at: at('2026-11-01T23:30Z'),
          left_at: at('2026-11-02T01:00Z'),
        },
        ...{ ended_at: at('2026-11-02T13:00Z'), closed: true },
      },
      {
        ...{ session_id: 'ses_1', epoch: 2, started_at: at('2026-11-02T01:00Z'), left_at: null },
        ...{ ended_at: at('2026-11-02T13:00Z'), closed: true },
      },
      {
        ...{ session_id: 'ses_2', epoch: 1, started_at: at('2026-11-02T02:00Z'), left_at: null },
        ...{ ended_at: null, closed: false },
      },
    ]);
  });

  it('waits to be added up', async () => {
    expect(await read('SELECT count(*)::int AS marks, min(hour) AS first FROM usage_marks')).toEqual([
      { marks: 3, first: new Date('2026-11-01T23:00Z') },
    ]);
  });
});
