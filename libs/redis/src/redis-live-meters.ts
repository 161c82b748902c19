import type { LiveMeters } from '@meridian/application';
import type { Epoch, MeterReading, RegionId, SessionId } from '@meridian/domain';
import type { RegionRedises } from './regions.ts';
import { Script } from './scripts.ts';

const takeChangedMeters = new Script('take-changed-meters');
const settleMeters = new Script('settle-meters');

/** Bounds one script run to a few milliseconds of the server. */
const SETTLE_BATCH = 1000;

/** Counters that heartbeats left in the region's Redis: one reading for each process that counted a session at an epoch. */
export class RedisLiveMeters implements LiveMeters {
  readonly #redises: RegionRedises;

  constructor(redises: RegionRedises) {
    this.#redises = redises;
  }

  async read(region: RegionId, sessionId: SessionId): Promise<readonly MeterReading[]> {
    const byField = await this.#redises.call(region, (redis, root) =>
      redis.hgetall(`${root}:meter:${sessionId}`),
    );
    const readings = Object.entries(byField).map(([field, json]) => readingFrom(sessionId, field, json));
    const newest = Math.max(...readings.map(({ epoch }) => epoch));
    return readings.filter(({ epoch }) => epoch === newest).sort((a, b) => a.startedUs - b.startedUs);
  }

  async takeChanged(region: RegionId, limit: number): Promise<readonly MeterReading[]> {
    const flat = (await this.#redises.run(region, takeChangedMeters, limit)) as string[];
    return chunks(flat, 3).map(([sessionId = '', field = '', json = '']) =>
      readingFrom(sessionId as SessionId, field, json),
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
      const args = batch.flatMap((reading) => [reading.sessionId, fieldOf(reading), reading.seq]);
      await this.#redises.run(region, settleMeters, ...args);
    }
  }
}

const fieldOf = ({ epoch, startedUs }: MeterReading): string =>
  startedUs > 0 ? `${epoch}:${startedUs}` : String(epoch);

type Counters = Omit<MeterReading, 'sessionId' | 'epoch' | 'startedUs'>;

function readingFrom(sessionId: SessionId, field: string, json: string): MeterReading {
  const [epoch, startedUs = 0] = field.split(':').map(Number);
  return { sessionId, epoch: epoch as Epoch, startedUs, ...(JSON.parse(json) as Counters) };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
