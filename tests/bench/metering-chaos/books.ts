// What the record bills, against what the workers had said.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { HOUR_MS, hourOf } from '@meridian/domain';
import { Database, PostgresGpuHours } from '@meridian/postgres';
import { countKeyOf, keyOf, type HeartbeatTap, type Told } from './heartbeat-tap.ts';

/** A session at an epoch. */
export interface Billed {
  readonly key: string;
  readonly activeMs: number;
  readonly frames: number;
}

export interface Difference {
  readonly key: string;
  /** Billed less what its worker had said, ms. */
  readonly ms: number;
}

interface BilledRow {
  readonly session_id: string;
  readonly epoch: number;
  readonly active_ms: string;
  readonly frames: string;
}

export class Books {
  readonly database: Database;
  readonly #gpuHours: PostgresGpuHours;

  constructor(databaseUrl: string) {
    this.database = new Database({ url: databaseUrl });
    this.#gpuHours = new PostgresGpuHours(this.database);
  }

  async billed(): Promise<ReadonlyMap<string, Billed>> {
    const { rows } = await this.database.query<BilledRow>(
      `SELECT session_id, epoch, sum(active_ms) AS active_ms, sum(frames) AS frames
       FROM usage_segments GROUP BY session_id, epoch`,
    );
    return new Map(
      rows.map((row) => {
        const key = keyOf(row.session_id, row.epoch);
        return [key, { key, activeMs: Number(row.active_ms), frames: Number(row.frames) }];
      }),
    );
  }

  /** Sessions that have not ended yet. */
  async open(): Promise<number> {
    const { rows } = await this.database.query<{ open: number }>(
      `SELECT count(*)::int AS open FROM sessions WHERE state <> 'ended'`,
    );
    return rows[0]?.open ?? 0;
  }

  /** Segments that say again what another of the session and epoch had said. */
  async duplicates(): Promise<number> {
    const { rows } = await this.database.query<{ twice: number }>(
      `SELECT count(*)::int AS twice FROM (
         SELECT active_from_ms < lag(active_from_ms + active_ms) OVER meter
             OR starts_at < lag(ends_at) OVER meter AS again
         FROM usage_segments WINDOW meter AS (PARTITION BY session_id, epoch ORDER BY starts_at)
       ) s WHERE again`,
    );
    return rows[0]?.twice ?? 0;
  }

  async setAside(): Promise<readonly string[]> {
    const { rows } = await this.database.query<{ reason: string; count: number }>(
      'SELECT reason, count(*)::int AS count FROM set_aside_readings WHERE resolved_at IS NULL GROUP BY reason',
    );
    return rows.map(({ reason, count }) => `${reason} ${count}`);
  }

  /** Adds up every GPU hour since then, the one that still runs too; all sessions must have ended. */
  async conservation(
    sinceMs: number,
  ): Promise<{ readonly gpuHours: number; readonly differenceNano: bigint }> {
    let gpuHours = 0;
    let differenceNano = 0n;
    for (let hourMs = hourOf(sinceMs); hourMs <= Date.now(); hourMs += HOUR_MS) {
      gpuHours += await this.#checked(hourMs);
      for (const breach of await this.#gpuHours.breaches(hourMs, hourMs + 1)) {
        const { differenceNano: nano } = breach;
        differenceNano += nano < 0n ? -nano : nano;
      }
    }
    return { gpuHours, differenceNano };
  }

  /** Workers that are up are up a little longer at every look: it is looked at again until one was in time. */
  async #checked(hourMs: number): Promise<number> {
    for (;;) {
      while ((await this.#gpuHours.recompute(1_000)) > 0);
      const { checked, deferred } = await this.#gpuHours.check(hourMs, Date.now());
      if (deferred === 0) return checked;
    }
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

/**
 * The truth of a session at an epoch: of each process that served it, the newest counters that were answered, or its
 * final ones that it wrote to its own log, whichever is more; all of them together.
 */
export function truthOf(tap: HeartbeatTap, logs: string): ReadonlyMap<string, number> {
  const counts = new Map<string, Count>(tap.answered);
  for (const ended of endsIn(logs)) {
    const key = countKeyOf(ended);
    if (ended.activeMs > (counts.get(key)?.activeMs ?? 0)) counts.set(key, ended);
  }
  const truth = new Map<string, number>();
  for (const { sessionId, epoch, activeMs } of counts.values()) {
    const key = keyOf(sessionId, epoch);
    truth.set(key, activeMs + (truth.get(key) ?? 0));
  }
  return truth;
}

type Count = Pick<Told, 'sessionId' | 'epoch' | 'startedUs' | 'activeMs'>;

interface EndedLine extends Count {
  readonly msg: string;
}

/** Lines of the workers' logs about ends. A line that was torn by a kill says nothing. */
function endsIn(logs: string): readonly EndedLine[] {
  const files = readdirSync(logs).filter((file) => file.startsWith('worker-'));
  return files
    .flatMap((file) => readFileSync(path.join(logs, file), 'utf8').split('\n'))
    .flatMap((line): readonly EndedLine[] => {
      try {
        const said = JSON.parse(line) as EndedLine;
        return said.msg === 'session ended' ? [said] : [];
      } catch {
        return [];
      }
    });
}

export function differences(
  truth: ReadonlyMap<string, number>,
  billed: ReadonlyMap<string, Billed>,
): readonly Difference[] {
  return [...new Set([...truth.keys(), ...billed.keys()])]
    .map((key) => ({ key, ms: (billed.get(key)?.activeMs ?? 0) - (truth.get(key) ?? 0) }))
    .filter(({ ms }) => ms !== 0);
}
