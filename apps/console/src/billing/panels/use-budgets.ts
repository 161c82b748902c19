import { useEffect, useState } from 'react';
import { addressOf, ask, AskError } from '../api/ask.ts';
import { useAsker } from '../api/asker.ts';
import type { Budget, BudgetsAnswer } from '../api/shapes.ts';

export interface TenantBudget {
  readonly tenant: string;
  readonly budget: Budget;
}

export interface Budgets {
  readonly budgets: readonly TenantBudget[] | undefined;
  readonly error: AskError | undefined;
  readonly again: () => void;
}

/** The budgets of some tenants, in their order. `tenants` undefined: not known yet. */
export function useBudgets(tenants: readonly string[] | undefined): Budgets {
  const { adminKey } = useAsker();
  const [round, setRound] = useState(0);
  const [held, setHeld] = useState<Omit<Budgets, 'again'>>({ budgets: undefined, error: undefined });
  const key = tenants?.join(' ');
  useEffect(() => {
    if (key === undefined) return;
    const gone = new AbortController();
    const budgetsOf = async (tenant: string): Promise<readonly TenantBudget[]> => {
      const address = addressOf(`/tenants/${encodeURIComponent(tenant)}/budgets`);
      const { budgets } = await ask<BudgetsAnswer>(address, { adminKey, signal: gone.signal });
      return budgets.map((budget) => ({ tenant, budget }));
    };
    Promise.all(key.split(' ').filter(Boolean).map(budgetsOf)).then(
      (all) => setHeld({ budgets: all.flat(), error: undefined }),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        if (!(error instanceof AskError)) throw error;
        setHeld((before) => ({ ...before, error }));
      },
    );
    return () => gone.abort();
  }, [key, adminKey, round]);
  return { ...held, again: () => setRound((count) => count + 1) };
}
