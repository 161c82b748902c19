import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import type { RedisConnection } from './scripts.ts';

const COMMAND_TIMEOUT_MS = 1000;
const RECONNECT_MS_MAX = 1000;

/** Spread, so that many processes do not come back to a restarted server in one moment. */
const reconnectDelayMs = (attempt: number): number =>
  Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(attempt, 5)) * (0.5 + Math.random() / 2);

/**
 * A dead server must fail fast, for ranking goes on with the next region: nothing waits in a queue while
 * disconnected, nothing is sent twice, an answer takes a second at most. Reconnecting never gives up.
 */
const FAIL_FAST = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: COMMAND_TIMEOUT_MS,
  // Ends connections to a host that vanished without closing them; idle ones are kept alive by `keepAlive`.
  socketTimeout: 1.5 * COMMAND_TIMEOUT_MS,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
};

/**
 * Connects in the background and for good; `url` is `redis://` or `rediss://`, several separated by commas are the
 * nodes of one cluster. Errors of the connection are given to `onError`; callers see `StoreUnavailable`.
 */
export function connectRedis(
  url: string,
  onError: (error: Error) => void = () => undefined,
): RedisConnection {
  const urls = url.split(',').map((part) => part.trim());
  const connection =
    urls.length > 1
      ? new Cluster(urls, {
          redisOptions: FAIL_FAST,
          enableOfflineQueue: false,
          clusterRetryStrategy: reconnectDelayMs,
        })
      : new Redis(url, { ...FAIL_FAST, enableOfflineQueue: false, retryStrategy: reconnectDelayMs });
  connection.on('error', onError);
  return connection;
}

/** Waits until the connection can be used, for at most `timeoutMs`; false when it cannot. */
export async function whenReady(connection: RedisConnection, timeoutMs: number): Promise<boolean> {
  if (connection.status === 'ready') return true;
  const done = new AbortController();
  const ready = new Promise<boolean>((resolve) => connection.once('ready', () => resolve(true)));
  const late = delay(timeoutMs, false, { signal: done.signal }).catch(() => false);
  const answer = await Promise.race([ready, late]);
  done.abort();
  return answer;
}
