import type { GpuHoursRow, WhatIfAnswer, WhatIfOutcome } from '../api/shapes.ts';
import { sumNano, unitsOf } from '../words/money.ts';
import { inCurrency } from './user-hour.ts';

const MS_PER_HOUR = 3_600_000;

/** What was, before any slider is moved. */
export function outcomeOf(rows: readonly GpuHoursRow[], activeMs: number, currency: string): WhatIfOutcome {
  const ours = inCurrency(rows, currency);
  const costNano = sumNano(ours.map(({ billNano }) => billNano));
  const userHours = activeMs / MS_PER_HOUR;
  return {
    costNano: String(costNano),
    userHours,
    gpuHours: ours.reduce((sum, { upMs }) => sum + upMs, 0) / MS_PER_HOUR,
    perUserHour: userHours === 0 ? null : unitsOf(costNano) / userHours,
  };
}

export interface BeforeAfter {
  readonly before: WhatIfOutcome;
  readonly after: WhatIfOutcome;
  /** Whole units; below 0: it would have cost less. */
  readonly difference: number;
  /** Of what it cost; null where it cost nothing. */
  readonly share: number | null;
}

/** `answer` undefined: nothing was changed. */
export function beforeAfter(asItWas: WhatIfOutcome, answer: WhatIfAnswer | undefined): BeforeAfter {
  const before = answer?.baseline ?? asItWas;
  const after = answer?.scenario ?? asItWas;
  const difference = unitsOf(answer?.differenceNano ?? '0');
  const cost = unitsOf(before.costNano);
  return { before, after, difference, share: cost === 0 ? null : difference / cost };
}
