import { DEFAULT_PLACEMENT_POLICY, type PlacementPolicy } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { ModelPolicies } from '../ports/model-policies.ts';
import type { SessionPolicy } from '../policy.ts';

export interface PoliciesInForcePorts {
  readonly modelPolicies: ModelPolicies;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: Pick<SessionPolicy, 'queueTtlMs'>;
}

export interface PolicyInForce {
  readonly policy: PlacementPolicy;
  /** `default`: no operator has said anything about the model. */
  readonly source: 'model' | 'default';
}

/** The policy that a model's sessions are placed by, at most two seconds old. */
export interface PoliciesInForce {
  of(model: string): Promise<PolicyInForce>;
  /** The default, for showing it. */
  readonly fallback: PlacementPolicy;
}

const KEPT_MS = 2_000;

/** L4. While the store is away, what was known last stays in force. */
export function makePoliciesInForce({
  modelPolicies,
  clock,
  incidents,
  policy: { queueTtlMs },
}: PoliciesInForcePorts): PoliciesInForce {
  const fallback = { ...DEFAULT_PLACEMENT_POLICY, maxWaitMs: queueTtlMs };
  const byDefault = { policy: fallback, source: 'default' } as const;
  let known: ReadonlyMap<string, PolicyInForce> = new Map();
  let askedAtMs = -Infinity;
  let asking = Promise.resolve();

  const ask = async (): Promise<void> => {
    try {
      const stored = await modelPolicies.list();
      known = new Map(stored.map(({ model, policy }) => [model, { policy, source: 'model' }]));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      incidents.note('placement policies not read; those known last stay in force', error);
    }
  };
  return {
    fallback,
    async of(model) {
      const nowMs = clock.nowMs();
      if (nowMs - askedAtMs >= KEPT_MS) {
        askedAtMs = nowMs;
        asking = ask();
      }
      await asking;
      return known.get(model) ?? byDefault;
    },
  };
}
