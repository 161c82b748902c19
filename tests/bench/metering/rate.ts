// 100,000 live sessions report while the jobs of one control plane bring what they used into PostgreSQL.
import { hourOf } from '@meridian/domain';
import type { Progress } from '@meridian/embedded';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import pg from 'pg';
import { SEED_SESSIONS, SEED_TENANT, sessionIdOf, workerIdOf, type CrowdPlan } from './crowd.ts';
import type { PlanePlan, PlaneResult } from './plane.ts';

export interface RateResult extends PlaneResult {
  /** Of PostgreSQL and Redis while it was measured. */
  readonly storesCpuMs: number;
  /** Table and indexes. */
  readonly bytesPerSegment: number;
  readonly bytesPerMeter: number;
  readonly segments: number;
  /** The table of meters after the last reading, by what it was before the first. */
  readonly metersGrewBy: number;
}

export interface RateOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly sessions: number;
  readonly slots: number;
  readonly beatMs: number;
  readonly measuredMs: number;
  /** CPU time that PostgreSQL and Redis have used so far, ms. */
  readonly storesCpuMs: () => number;
  readonly progress: Progress;
}

/** So long before the hour that is under way they all began: the first reading of each is cut at it. */
const BEGAN_BEFORE_MS = 600_000;
const SEED_BATCH = 10_000;

export async function measureRate(options: RateOptions): Promise<RateResult> {
  const { databaseUrl, sessions, slots, progress } = options;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const plane = fork(path.join(import.meta.dirname, 'plane.ts'));
  try {
    const plan: CrowdPlan = { sessions, slots, startedAtMs: hourOf(Date.now()) - BEGAN_BEFORE_MS };
    await progress.step(`${sessions} sessions are on record`, () => seed(client, plan));
    await progress.step('their workers are known', () => ready(plane, { ...plan, ...options }));
    const metersBefore = await sizeOf(client, 'meters');
    const cpuBefore = options.storesCpuMs();
    const result = await progress.step('they report', () => answerOf(plane, () => plane.send('go')));
    const storesCpuMs = options.storesCpuMs() - cpuBefore;
    const metersAfter = await sizeOf(client, 'meters');
    const { bytes, segments } = await segmentSizes(client);
    return {
      ...{ ...result, storesCpuMs, segments, bytesPerSegment: bytes / segments },
      ...{ bytesPerMeter: metersBefore / sessions, metersGrewBy: metersAfter / metersBefore - 1 },
    };
  } finally {
    if (plane.connected) plane.kill();
    await client.end();
  }
}

async function seed(client: pg.Client, { sessions, slots, startedAtMs }: CrowdPlan): Promise<void> {
  await client.query(SEED_TENANT);
  for (let from = 0; from < sessions; from += SEED_BATCH) {
    const numbers = Array.from({ length: Math.min(SEED_BATCH, sessions - from) }, (_, i) => from + i);
    const workers = numbers.map((number) => workerIdOf(Math.floor(number / slots)));
    const rows = [numbers.map(sessionIdOf), workers, slots, new Date(startedAtMs)];
    await client.query(SEED_SESSIONS, rows);
  }
  await client.query('VACUUM ANALYZE');
}

async function ready(plane: ChildProcess, plan: PlanePlan): Promise<void> {
  const { sessions, slots, startedAtMs, databaseUrl, redisUrl, beatMs, measuredMs } = plan;
  const sent: PlanePlan = { sessions, slots, startedAtMs, databaseUrl, redisUrl, beatMs, measuredMs };
  await answerOf(plane, () => plane.send(sent));
}

async function answerOf(plane: ChildProcess, ask: () => unknown): Promise<PlaneResult> {
  const answered = once(plane, 'message') as Promise<[PlaneResult | { readonly problem: string }]>;
  ask();
  const [answer] = await answered;
  if (typeof answer === 'object' && 'problem' in answer) throw new Error(answer.problem);
  return answer;
}

async function sizeOf(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    'SELECT pg_total_relation_size($1::regclass) AS bytes',
    [table],
  );
  return Number(rows[0]?.bytes);
}

async function segmentSizes(
  client: pg.Client,
): Promise<{ readonly bytes: number; readonly segments: number }> {
  const { rows } = await client.query<{ bytes: string; segments: string }>(
    `SELECT sum(pg_total_relation_size(relid)) AS bytes, (SELECT count(*) FROM usage_segments) AS segments
     FROM pg_partition_tree('usage_segments') WHERE isleaf`,
  );
  return { bytes: Number(rows[0]?.bytes), segments: Number(rows[0]?.segments) };
}
