// L4. Tokens are checked offline: keys once fetched are kept while the control plane is away, and on disk over a
// restart. A key set is replaced only by a newer one that was read whole.
import type { Logger } from '@meridian/telemetry';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface KeySetOptions {
  /** Where the control plane publishes its JSON Web Key Set (RFC 7517). */
  readonly url: string;
  readonly cacheFile?: string;
  readonly logger: Logger;
  readonly refreshMs?: number;
  /** Pause between tries while there is no key set at all. */
  readonly retryMs?: number;
}

const FETCH_TIMEOUT_MS = 3_000;
/** An unknown key id may mean new keys; forged ones must not make us ask more often than this. */
const ASK_AGAIN_MS = 5_000;

export class KeySet {
  readonly #options: Required<Omit<KeySetOptions, 'cacheFile'>> & Pick<KeySetOptions, 'cacheFile'>;
  #keys: JWTVerifyGetKey | undefined;
  /** One outage is one line in the log. */
  #isAway = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeySetOptions) {
    this.#options = { refreshMs: 60_000, retryMs: 500, ...options };
  }

  get isLoaded(): boolean {
    return this.#keys !== undefined;
  }

  /** Resolves when the cached set, if any, is loaded. Fetches from then on until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#load();
    void this.#keepFresh(signal);
  }

  /** For jose's `jwtVerify`. Throws `JWKSNoMatchingKey` for a key that is not ours. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#keys;
    if (!keys) throw new errors.JWKSNoMatchingKey();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#askAgain())) throw error;
      return (this.#keys ?? keys)(header, token);
    }
  };

  async #askAgain(): Promise<boolean> {
    return performance.now() - this.#askedAtMs > ASK_AGAIN_MS && (await this.#fetch());
  }

  async #keepFresh(signal: AbortSignal): Promise<void> {
    const { refreshMs, retryMs } = this.#options;
    while (!signal.aborted) {
      await this.#fetch();
      const pauseMs = this.isLoaded ? refreshMs : retryMs;
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** False when the control plane did not answer with a key set. */
  async #fetch(): Promise<boolean> {
    this.#askedAtMs = performance.now();
    const { url, logger } = this.#options;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`HTTP ${String(response.status)}`);
      const text = await response.text();
      this.#use(text);
      await this.#save(text);
      if (this.#isAway) logger.info({ url }, 'the key set is to be had again');
      this.#isAway = false;
      return true;
    } catch (error) {
      if (!this.#isAway)
        logger.warn({ why: String(error), url }, 'no key set to be had; going on with what is here');
      this.#isAway = true;
      return false;
    }
  }

  #use(text: string): void {
    this.#keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  }

  async #load(): Promise<void> {
    const { cacheFile, logger } = this.#options;
    if (cacheFile === undefined) return;
    try {
      this.#use(await readFile(cacheFile, 'utf8'));
    } catch (error) {
      logger.info({ why: String(error), cacheFile }, 'no cached key set');
    }
  }

  /** Written beside and renamed, so that a crash leaves the old file or the new one. */
  async #save(text: string): Promise<void> {
    const { cacheFile, logger } = this.#options;
    if (cacheFile === undefined) return;
    const beside = `${cacheFile}.${String(process.pid)}.tmp`;
    try {
      await writeFile(beside, text, { mode: 0o600 });
      await rename(beside, cacheFile);
    } catch (error) {
      logger.warn({ err: error, cacheFile }, 'could not cache the key set');
    }
  }
}
