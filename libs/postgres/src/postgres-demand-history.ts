import type { DemandHistory, DemandRow, TimeSpan } from '@meridian/application';
import type { DemandSample, PoolId } from '@meridian/domain';
import type { Database } from './database.ts';
import { timestamp } from './session-rows.ts';

const MINUTE_MS = 60_000;

interface PoolSamples {
  readonly pool: PoolId;
  readonly at_ms: readonly number[];
  readonly busy_slots: readonly number[];
  readonly queued: readonly number[];
}

export class PostgresDemandHistory implements DemandHistory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(demands: readonly DemandRow[]): Promise<void> {
    // One statement cannot change a row twice.
    const rows = new Map(demands.map((demand) => [`${demand.pool} ${minuteOf(demand.atMs)}`, demand]));
    await this.#database.query(
      `INSERT INTO pool_demand SELECT * FROM json_populate_recordset(NULL::pool_demand, $1) ORDER BY pool, at
       ON CONFLICT (pool, at) DO UPDATE
       SET busy_slots = excluded.busy_slots, queued = excluded.queued, slots = excluded.slots`,
      [JSON.stringify([...rows.values()].map(demandRow))],
    );
  }

  async read(
    pools: readonly PoolId[],
    spans: readonly TimeSpan[],
  ): Promise<ReadonlyMap<PoolId, readonly DemandSample[]>> {
    const { rows } = await this.#database.query<PoolSamples>(
      `SELECT pool, array_agg(extract(epoch FROM at)::float8 * 1000 ORDER BY at) AS at_ms,
              array_agg(busy_slots ORDER BY at) AS busy_slots, array_agg(queued ORDER BY at) AS queued
       FROM unnest($2::timestamptz[], $3::timestamptz[]) AS span(from_at, to_at)
       JOIN pool_demand ON pool = ANY ($1) AND at >= from_at AND at < to_at
       GROUP BY pool`,
      [pools, spans.map(({ fromMs }) => timestamp(fromMs)), spans.map(({ toMs }) => timestamp(toMs))],
    );
    return new Map(rows.map((row) => [row.pool, samplesOf(row)]));
  }

  async prune(beforeMs: number): Promise<void> {
    await this.#database.query('DELETE FROM pool_demand WHERE at < $1', [timestamp(beforeMs)]);
  }
}

const minuteOf = (ms: number): number => ms - (ms % MINUTE_MS);

const demandRow = ({ pool, region, model, atMs, busySlots, queued, slots }: DemandRow) => ({
  ...{ pool, region, model, queued, slots },
  at: timestamp(minuteOf(atMs)),
  busy_slots: busySlots,
});

const samplesOf = (row: PoolSamples): readonly DemandSample[] =>
  row.at_ms.map((atMs, i) => ({
    atMs,
    busySlots: row.busy_slots[i] ?? 0,
    queued: row.queued[i] ?? 0,
  }));
