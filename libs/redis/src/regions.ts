import { StoreUnavailable } from '@meridian/application';
import type { RegionId } from '@meridian/domain';
import type { RedisConnection, Script } from './scripts.ts';

export interface RegionRedis {
  readonly region: RegionId;
  /** Jurisdiction that residency is asked in: `us` or `eu`. */
  readonly jurisdiction: string;
  readonly connection: RedisConnection;
}

/** Replies that say "not now", of a server that starts, fails over or is full. Any other is a bug of a script. */
const NOT_NOW =
  /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|OOM|MISCONF|NOAUTH|WRONGPASS)/;

const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** Connections whose commands wait for the end of this turn of the event loop. */
const corked = new WeakSet<object>();

/**
 * Commands of one turn leave together: opens come in batches from PostgreSQL, and a write to the network each would be
 * the dearest part of asking Redis.
 */
function writeTogether(connection: RedisConnection): void {
  if (!('stream' in connection) || connection.status !== 'ready') return;
  const { stream } = connection;
  if (corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  process.nextTick(() => {
    corked.delete(stream);
    stream.uncork();
  });
}

/** The Redis of every region, with the root its keys share. Any failure to answer is `StoreUnavailable`. */
export class RegionRedises {
  readonly #regions: ReadonlyMap<RegionId, RegionRedis>;
  readonly #prefix: string;

  constructor(regions: readonly RegionRedis[], prefix = 'meridian') {
    this.#regions = new Map(regions.map((region) => [region.region, region]));
    this.#prefix = prefix;
  }

  get(region: RegionId): RegionRedis {
    const found = this.#regions.get(region);
    if (found === undefined) throw new RangeError(`region ${region} has no Redis`);
    return found;
  }

  async run(region: RegionId, script: Script, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.call(region, (connection, root) => script.run(connection, root, args));
  }

  async call<T>(region: RegionId, use: (redis: RedisConnection, root: string) => Promise<T>): Promise<T> {
    const { connection } = this.get(region);
    writeTogether(connection);
    try {
      return await use(connection, `${this.#prefix}:{${region}}`);
    } catch (error) {
      if (isReply(error) && !NOT_NOW.test(error.message)) throw error;
      throw new StoreUnavailable(`redis:${region}`, { cause: error });
    }
  }

  /** True when the region's Redis answers now. */
  async answers(region: RegionId): Promise<boolean> {
    return this.call(region, (redis) => redis.ping()).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    for (const { connection } of this.#regions.values()) connection.disconnect();
  }
}
