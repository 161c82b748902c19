import type { LiveMeters } from '@meridian/application';
import type { Epoch, MeterReading, RegionId, SessionId } from '@meridian/domain';
import type { RegionRedises } from './regions.ts';
import { Script } from './scripts.ts';

const takeChangedMeters = new Script('take-changed-meters');
const settleMeters = new Script('settle-meters');

/** Bounds one script run to a few milliseconds of the server. */
const SETTLE_BATCH = 1000;

/** Counters that heartbeats left in the region's Redis: one reading for each session and epoch. */
export class RedisLiveMeters implements LiveMeters {
  readonly #redises: RegionRedises;

  constructor(redises: RegionRedises) {
    this.#redises = redises;
  }

  /** The reading of the session's highest epoch. */
  async read(region: RegionId, sessionId: SessionId): Promise<MeterReading | undefined> {
    const byEpoch = await this.#redises.call(region, (redis, root) =>
      redis.hgetall(`${root}:meter:${sessionId}`),
    );
    const readings = Object.entries(byEpoch).map(([epoch, json]) => readingFrom(sessionId, epoch, json));
    return readings.sort((a, b) => b.epoch - a.epoch)[0];
  }

  async takeChanged(region: RegionId, limit: number): Promise<readonly MeterReading[]> {
    const flat = (await this.#redises.run(region, takeChangedMeters, limit)) as string[];
    return chunks(flat, 3).map(([sessionId = '', epoch = '', json = '']) =>
      readingFrom(sessionId as SessionId, epoch, json),
    );
  }

  async oldestChangedMs(region: RegionId): Promise<number | undefined> {
    const first = await this.#redises.call(region, (redis, root) =>
      redis.call('ZRANGE', `${root}:changed`, '0', '0', 'WITHSCORES'),
    );
    // Pairs, or one after the other, as the protocol's version has it.
    const [, firstMs] = (first as readonly (string | readonly string[])[]).flat();
    return firstMs === undefined ? undefined : Number(firstMs);
  }

  async settle(region: RegionId, readings: readonly MeterReading[]): Promise<void> {
    for (const batch of chunks(readings, SETTLE_BATCH)) {
      const args = batch.flatMap(({ sessionId, epoch, seq }) => [sessionId, epoch, seq]);
      await this.#redises.run(region, settleMeters, ...args);
    }
  }
}

function readingFrom(sessionId: SessionId, epoch: string, json: string): MeterReading {
  const counters = JSON.parse(json) as Omit<MeterReading, 'sessionId' | 'epoch'>;
  return { sessionId, epoch: Number(epoch) as Epoch, ...counters };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
