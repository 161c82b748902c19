import { DEFAULT_PLACEMENT_POLICY, type PlacementPolicy } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { ModelPolicies, StoredPolicy } from '../ports/model-policies.ts';
import type { SessionLimits, SessionPolicy } from '../policy.ts';

export interface PoliciesInForcePorts {
  readonly modelPolicies: ModelPolicies;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: Pick<SessionPolicy, 'queueTtlMs'> & SessionLimits;
}

export interface PolicyInForce {
  readonly policy: PlacementPolicy;
  /** `default`: no operator has said anything about the model. */
  readonly source: 'model' | 'default';
  readonly limits: SessionLimits;
}

/**
 * What a model's sessions are placed and limited by, two seconds old or, while it is being read again, five: nobody waits
 * for that but who comes first or after a pause.
 */
export interface PoliciesInForce {
  of(model: string): Promise<PolicyInForce>;
  /** The default, for showing it. */
  readonly fallback: PlacementPolicy;
  readonly fallbackLimits: SessionLimits;
  /** The shortest hold of any model, ms. */
  shortestHoldMs(): Promise<number>;
}

const KEPT_MS = 2_000;
const STAND_IN_MS = 5_000;

/** L4. While the store is away, what was known last stays in force. */
export function makePoliciesInForce({
  modelPolicies,
  clock,
  incidents,
  policy: { queueTtlMs, holdMs, idleMs, maxDurationMs },
}: PoliciesInForcePorts): PoliciesInForce {
  const fallback = { ...DEFAULT_PLACEMENT_POLICY, maxWaitMs: queueTtlMs };
  const fallbackLimits = { holdMs, idleMs, maxDurationMs };
  const byDefault = { policy: fallback, source: 'default', limits: fallbackLimits } as const;
  let known: ReadonlyMap<string, PolicyInForce> = new Map();
  let knownAtMs = -Infinity;
  let askedAtMs = -Infinity;
  let asking = Promise.resolve();

  const inForce = ({ policy, limits }: StoredPolicy): PolicyInForce => ({
    ...{ policy, source: 'model', limits: { ...fallbackLimits, ...limits } },
  });
  const ask = async (atMs: number): Promise<void> => {
    try {
      const stored = await modelPolicies.list();
      known = new Map(stored.map((one) => [one.model, inForce(one)]));
      knownAtMs = atMs;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      incidents.note('placement policies not read; those known last stay in force', error);
    }
  };
  const read = async (): Promise<ReadonlyMap<string, PolicyInForce>> => {
    const nowMs = clock.nowMs();
    if (nowMs - askedAtMs >= KEPT_MS) {
      askedAtMs = nowMs;
      asking = ask(nowMs);
      // A bug is thrown at who waits for it; the others have what was known.
      asking.catch(() => undefined);
    }
    if (nowMs - knownAtMs > STAND_IN_MS) await asking;
    return known;
  };
  return {
    ...{ fallback, fallbackLimits },
    of: async (model) => (await read()).get(model) ?? byDefault,
    shortestHoldMs: async () => {
      const holds = [...(await read()).values()].map(({ limits }) => limits.holdMs);
      return Math.min(holdMs, ...holds);
    },
  };
}
