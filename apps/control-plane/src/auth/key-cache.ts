import type { Clock, Tenant } from '@meridian/application';

export type Authenticate = (secret: string) => Promise<{ readonly tenant: Tenant } | undefined>;

const TTL_MS = 5_000;
const ENTRIES_MAX = 10_000;

/**
 * Remembers keys that were found, for 5 s: a revoked key stops working within that. Unknown keys are never kept, so a
 * flood of guesses cannot push out the keys in use, and a new key works at once.
 */
export function cacheKeys(authenticate: Authenticate, clock: Clock): Authenticate {
  const found = new Map<string, { readonly tenant: Tenant; readonly untilMs: number }>();
  return async (secret) => {
    const kept = found.get(secret);
    if (kept && kept.untilMs > clock.nowMs()) return kept;
    found.delete(secret);
    const result = await authenticate(secret);
    if (!result) return undefined;
    const oldest = found.keys().next();
    if (found.size >= ENTRIES_MAX && !oldest.done) found.delete(oldest.value);
    found.set(secret, { tenant: result.tenant, untilMs: clock.nowMs() + TTL_MS });
    return result;
  };
}
