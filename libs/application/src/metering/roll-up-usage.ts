import type { SetAside } from '../ports/set-aside.ts';
import type { UsageHours } from '../ports/usage-hours.ts';

/** Makes the hours anew whose segments changed; how many marks it took. What is left is for the next run. */
export type RollUpUsage = () => Promise<{ readonly marks: number }>;

/** Bounds one transaction, and one run: a backlog of months must not keep a run for as long. */
const MARKS = 1_000;
const ROUNDS = 100;

export const makeRollUpUsage =
  ({ usageHours }: { readonly usageHours: UsageHours }): RollUpUsage =>
  async () => {
    let marks = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const taken = await usageHours.rollUp(MARKS);
      if (taken === 0) break;
      marks += taken;
    }
    return { marks };
  };

/** Counts readings whose session or epoch was not known when they came and is now; how many. */
export type ResolveSetAside = () => Promise<{ readonly resolved: number }>;

const READINGS = 500;

export const makeResolveSetAside =
  ({ setAside }: { readonly setAside: SetAside }): ResolveSetAside =>
  async () => {
    let resolved = 0;
    for (;;) {
      const some = await setAside.resolve(READINGS);
      resolved += some;
      if (some < READINGS) return { resolved };
    }
  };
