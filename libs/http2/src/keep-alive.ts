import type { Http2Connection } from './connection.ts';
import { everyOutOfStep } from './out-of-step.ts';

/**
 * Pings the peer every `intervalMs`, and cuts the connection of one that has sent nothing from one ping to the next: a
 * peer that vanished is noticed within two intervals, which TCP alone takes many minutes for. Whatever comes counts as
 * life, not the answer to the ping alone: that may be behind frames for which a slow peer sends window updates.
 */
export function keepAlive(connection: Http2Connection, intervalMs: number): () => void {
  let heard = connection.timesHeard;
  let isAsked = false;
  let tickedAtMs = performance.now();
  return everyOutOfStep(intervalMs, () => {
    const nowMs = performance.now();
    // After a time in which we were suspended ourselves, what the peer sent is still to be read.
    const wasSuspended = nowMs - tickedAtMs > LATE_FACTOR * intervalMs;
    tickedAtMs = nowMs;
    const isSilent = connection.timesHeard === heard;
    if (isAsked && isSilent && !wasSuspended)
      return connection.destroy(new Error('the peer gives no sign of life'));
    heard = connection.timesHeard;
    isAsked = true;
    connection.ping(() => undefined);
  });
}

const LATE_FACTOR = 1.5;

/** One ping: a peer from which nothing comes within `timeoutMs` is cut off. */
export function checkAlive(connection: Http2Connection, timeoutMs: number): void {
  const heard = connection.timesHeard;
  connection.ping(() => undefined);
  setTimeout(() => {
    if (connection.timesHeard === heard) connection.destroy(new Error('the peer gives no sign of life'));
  }, timeoutMs).unref();
}
