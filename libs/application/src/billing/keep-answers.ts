import type { Clock } from '../ports/clock.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';

interface Kept<Value> {
  readonly askedAtMs: number;
  readonly value: Value;
}

const ENTRIES_MAX = 10_000;

/**
 * Answers that may be so old. In the last half of that time they are asked for again, while nobody waits for it; so only
 * who comes first, or after a pause, does. L4. While the store is away, what was known last stays in force.
 */
export function keepAnswers<Key, Value>(
  ageMsMax: number,
  clock: Clock,
  read: (key: Key) => Promise<Value>,
): (key: Key) => Promise<Value> {
  const kept = new Map<Key, Kept<Value>>();
  const asking = new Map<Key, Promise<Value>>();
  const ask = (key: Key): Promise<Value> => {
    const askedAtMs = clock.nowMs();
    const asked = read(key)
      .then((value) => {
        const oldest = kept.keys().next();
        if (kept.size >= ENTRIES_MAX && !oldest.done) kept.delete(oldest.value);
        kept.set(key, { askedAtMs, value });
        return value;
      })
      .finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  };
  return async (key) => {
    const known = kept.get(key);
    const ageMs = known ? clock.nowMs() - known.askedAtMs : Infinity;
    if (!known) return asking.get(key) ?? ask(key);
    if (ageMs >= ageMsMax)
      return (asking.get(key) ?? ask(key)).catch((error: unknown) => standIn(error, known));
    // If that fails, it fails again for who has to wait for it.
    if (ageMs >= ageMsMax / 2 && !asking.has(key)) ask(key).catch(() => undefined);
    return known.value;
  };
}

function standIn<Value>(error: unknown, { value }: Kept<Value>): Value {
  if (error instanceof StoreUnavailable) return value;
  throw error;
}
