// Appending a session's events notifies in the same transaction, so a wake-up comes after the events can be read.
import type { SessionSignals } from '@meridian/application';
import type { SessionId } from '@meridian/domain';
import pg from 'pg';

export const SESSIONS_CHANNEL = 'meridian_sessions';

const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 5000;

export interface SignalsOptions {
  /** A direct connection: a pooler that hands connections out per transaction drops LISTEN. */
  readonly url: string;
  readonly onError?: (error: Error) => void;
}

/**
 * One connection for the process, however many listen; it comes back by itself. After each connect everyone is
 * woken, since notifications were missed meanwhile.
 */
export class PostgresSessionSignals implements SessionSignals {
  readonly #options: SignalsOptions;
  readonly #listeners = new Map<string, Set<() => void>>();
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #delayMs = RECONNECT_MS_FIRST;
  #closed = false;

  constructor(options: SignalsOptions) {
    this.#options = options;
    void this.#connect();
  }

  onChange(sessionId: SessionId, wake: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const wakes = this.#listeners.get(sessionId) ?? new Set();
    this.#listeners.set(sessionId, wakes.add(wake));
    signal.addEventListener('abort', () => this.#remove(sessionId, wake), { once: true });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#client?.end();
  }

  #remove(sessionId: string, wake: () => void): void {
    const wakes = this.#listeners.get(sessionId);
    wakes?.delete(wake);
    if (wakes?.size === 0) this.#listeners.delete(sessionId);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'meridian signals',
    });
    this.#client = client;
    client.on('error', (error) => this.#options.onError?.(error));
    client.once('end', () => this.#reconnect());
    client.on('notification', ({ payload = '' }) => this.#listeners.get(payload)?.forEach((wake) => wake()));
    try {
      await client.connect();
      await client.query(`LISTEN ${SESSIONS_CHANNEL}`);
      this.#delayMs = RECONNECT_MS_FIRST;
      for (const wakes of this.#listeners.values()) wakes.forEach((wake) => wake());
    } catch (error) {
      this.#options.onError?.(error as Error);
      // Ends it, also half-way; `end` follows and plans the next try.
      await client.end().catch(() => undefined);
    }
  }

  #reconnect(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.#connect(), this.#delayMs).unref();
    this.#delayMs = Math.min(RECONNECT_MS_MAX, this.#delayMs * 2);
  }
}
