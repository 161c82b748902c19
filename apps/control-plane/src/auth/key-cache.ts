import type { Clock, Tenant } from '@meridian/application';

interface Known {
  readonly tenant: Tenant;
}
export type Authenticate = (secret: string) => Promise<Known | undefined>;

const TTL_MS = 5_000;
/** From then on a key in use is looked up again, while it still counts as found. */
const AGAIN_MS = 4_000;
const ENTRIES_MAX = 10_000;

/**
 * Remembers keys that were found, for 5 s: a revoked key stops working within that. Unknown keys are never kept, so a
 * flood of guesses cannot push out the keys in use, and a new key works at once. However many requests come with one
 * key, it is looked up once at a time, and none of them waits for that while the key is in use.
 */
export function cacheKeys(authenticate: Authenticate, clock: Clock): Authenticate {
  const found = new Map<string, Known & { readonly askedAtMs: number }>();
  const asking = new Map<string, Promise<Known | undefined>>();

  const look = async (secret: string): Promise<Known | undefined> => {
    const askedAtMs = clock.nowMs();
    const result = await authenticate(secret);
    found.delete(secret);
    if (!result) return undefined;
    const oldest = found.keys().next();
    if (found.size >= ENTRIES_MAX && !oldest.done) found.delete(oldest.value);
    found.set(secret, { tenant: result.tenant, askedAtMs });
    return result;
  };
  const ask = (secret: string): Promise<Known | undefined> => {
    const looking = look(secret).finally(() => asking.delete(secret));
    asking.set(secret, looking);
    return looking;
  };
  return async (secret) => {
    const kept = found.get(secret);
    const keptMs = kept ? clock.nowMs() - kept.askedAtMs : Infinity;
    if (kept && keptMs < TTL_MS) {
      // If that fails, it fails again for who has to wait for it.
      if (keptMs >= AGAIN_MS && !asking.has(secret)) ask(secret).catch(() => undefined);
      return kept;
    }
    const underWay = asking.get(secret);
    const others = underWay && (await underWay);
    // What others found missing may have been made since they asked.
    return others ?? asking.get(secret) ?? ask(secret);
  };
}
