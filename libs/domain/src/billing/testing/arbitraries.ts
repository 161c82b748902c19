import fc from 'fast-check';
import type { PlanId } from '../../ids.ts';
import type { HourUsage } from '../period-price.ts';
import type { PlanLine, PricePlan, PriceTier } from '../plan.ts';
import { aPlan, usedIn } from './plans.ts';

const nano = fc.bigInt({ min: 0n, max: 10n ** 12n });

const tiers: fc.Arbitrary<readonly PriceTier[]> = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 20_000 }), nano, flat: fc.option(nano) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => {
    let upTo = 0;
    return parts.map(({ size, nano: nanoPerUnit, flat }, i) => {
      upTo += size;
      const end = i === parts.length - 1 ? {} : { upTo };
      return { nanoPerUnit, ...end, ...(flat !== null && { flatNano: flat }) };
    });
  });

const lineOf = (which: Pick<PlanLine, 'model' | 'modelVersion'>): fc.Arbitrary<PlanLine> =>
  fc
    .record({
      unit: fc.constantFrom('active_second' as const, 'started_minute' as const),
      packageSize: fc.option(fc.integer({ min: 1, max: 500 })),
      tiers,
    })
    .map(({ unit, packageSize, tiers: some }) =>
      packageSize === null
        ? { ...which, unit, mode: 'graduated', tiers: some }
        : { ...which, unit, mode: 'package', packageSize, tiers: some },
    );

/** With a line for a version, one for a model and one for all. */
export const anyPlan = (planId = 'pln_1'): fc.Arbitrary<PricePlan> =>
  fc
    .record({
      lines: fc.tuple(
        lineOf({ model: 'gallery', modelVersion: '2' }),
        lineOf({ model: 'gallery' }),
        lineOf({}),
      ),
      includedMs: fc.integer({ min: 0, max: 20_000_000 }),
    })
    .map((parts) => aPlan({ ...parts, planId: planId as PlanId }));

/** In the first twelve hours of November, whatever the order; several rows of an hour may be of one model version. */
export const anyUsage: fc.Arbitrary<readonly HourUsage[]> = fc.array(
  fc
    .record({
      hour: fc.integer({ min: 0, max: 11 }),
      activeMs: fc.integer({ min: 0, max: 9_000_000 }),
      model: fc.constantFrom('gallery', 'dream'),
      modelVersion: fc.constantFrom('1', '2'),
      region: fc.constantFrom('us-east', 'eu-west'),
    })
    .map(({ hour, activeMs, ...where }) => usedIn(hour, activeMs, where)),
  { maxLength: 30 },
);
