import { planProblems, type PlanId, type PricePlan } from '@meridian/domain';
import { drawId } from '../ids.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { PricePlans } from '../ports/price-plans.ts';

export interface AddPlanPorts {
  readonly plans: PricePlans;
  readonly clock: Clock;
  readonly draw: Draw;
}

export type AddPlanOutcome =
  | { readonly kind: 'added'; readonly plan: PricePlan }
  | { readonly kind: 'impossible'; readonly problems: readonly string[] };

/** Records a plan; hours that it prices otherwise are charged anew, those of closed periods as corrections. */
export type AddPlan = (plan: Omit<PricePlan, 'planId' | 'recordedAtMs'>) => Promise<AddPlanOutcome>;

export const makeAddPlan =
  ({ plans, clock, draw }: AddPlanPorts): AddPlan =>
  async (asked) => {
    const plan = { ...asked, planId: drawId('pln', draw) as PlanId, recordedAtMs: clock.nowMs() };
    const problems = planProblems(plan);
    if (problems.length > 0) return { kind: 'impossible', problems };
    await plans.add(plan);
    return { kind: 'added', plan };
  };
