import type { FxRate, PlanLine, PricePlan, TenantId } from '@meridian/domain';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { FieldError } from '../http/problem.ts';
import type { CreatePlan, FxRateView, PlanView } from './plan.schemas.ts';

export const viewPlan = (plan: PricePlan): z.output<typeof PlanView> => ({
  id: plan.planId,
  name: plan.name,
  ...(plan.tenantId !== undefined && { tenant: plan.tenantId }),
  currency: plan.currency,
  ...(plan.invoiceCurrency !== undefined && { invoiceCurrency: plan.invoiceCurrency }),
  lines: plan.lines.map(viewLine),
  includedMs: plan.includedMs,
  minimumNano: String(plan.minimumNano),
  ...(plan.commitment && {
    commitment: {
      nanoPerHour: String(plan.commitment.nanoPerHour),
      until: toIso(plan.commitment.untilMs),
    },
  }),
  ...(plan.promise && { promise: { ...plan.promise } }),
  billing: plan.billing,
  effectiveFrom: toIso(plan.effectiveFromMs),
  recordedAt: toIso(plan.recordedAtMs),
});

const viewLine = ({ tiers, ...line }: PlanLine): z.output<typeof PlanView>['lines'][number] => ({
  ...line,
  tiers: tiers.map(({ upTo, nanoPerUnit, flatNano }) => ({
    ...(upTo !== undefined && { upTo }),
    nanoPerUnit: String(nanoPerUnit),
    ...(flatNano !== undefined && { flatNano: String(flatNano) }),
  })),
});

export function toPlan(
  body: z.output<typeof CreatePlan>,
  nowMs: number,
): Omit<PricePlan, 'planId' | 'recordedAtMs'> {
  const { tenant, invoiceCurrency, commitment, promise, effectiveFrom, lines, minimumNano, ...same } = body;
  return {
    ...same,
    ...(tenant !== undefined && { tenantId: tenant as TenantId }),
    ...(invoiceCurrency !== undefined && { invoiceCurrency }),
    ...(commitment && {
      commitment: { nanoPerHour: BigInt(commitment.nanoPerHour), untilMs: Date.parse(commitment.until) },
    }),
    ...(promise && { promise }),
    lines: lines.map(toLine),
    minimumNano: BigInt(minimumNano),
    effectiveFromMs: effectiveFrom === undefined ? nowMs : Date.parse(effectiveFrom),
  };
}

function toLine(line: z.output<typeof CreatePlan>['lines'][number]): PlanLine {
  const { model, modelVersion, packageSize, tiers, ...same } = line;
  return {
    ...same,
    ...(model !== undefined && { model }),
    ...(modelVersion !== undefined && { modelVersion }),
    ...(packageSize !== undefined && { packageSize }),
    tiers: tiers.map(({ upTo, nanoPerUnit, flatNano }) => ({
      ...(upTo !== undefined && { upTo }),
      nanoPerUnit: BigInt(nanoPerUnit),
      ...(flatNano !== undefined && { flatNano: BigInt(flatNano) }),
    })),
  };
}

/** `lines[0]: tiers must rise` is an error of the field `lines.0`. */
export function planErrors(problems: readonly string[]): readonly FieldError[] {
  return problems.map((problem) => {
    const line = /^lines\[(\d+)\]: (.*)$/.exec(problem);
    const [field, message] = line ? [`lines.${line[1]}`, line[2] ?? problem] : ['lines', problem];
    return { field, message, fix: 'change the plan so that this holds' };
  });
}

export const viewFxRate = (rate: FxRate): z.output<typeof FxRateView> => ({
  from: rate.from,
  to: rate.to,
  rate: { numerator: String(rate.rate.numerator), denominator: String(rate.rate.denominator) },
  source: rate.source,
  effectiveFrom: toIso(rate.effectiveFromMs),
  recordedAt: toIso(rate.recordedAtMs),
});
