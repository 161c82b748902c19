import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { HOUR_MS, hourOf, type Budget, type BudgetId, type FxRate, type PlanId } from '@meridian/domain';
import { aPricePlan } from '../billing-builders.ts';
import { aRate, aReading, aSession, aTenant, observe, reserve, sessionId, tenantId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const ACME = tenantId('acme');
const OTHER = tenantId('other');

/** What every store of plans, rates of exchange, budgets and marks does. Call it in a `describe`. */
export function pricePlansContract(open: OpenRecord): void {
  let record: RecordHarness;
  let { plans, fxRates, budgets, chargeMarks: marks } = {} as RecordHarness['billing'];
  beforeEach(async () => {
    record = await open();
    ({ plans, fxRates, budgets, chargeMarks: marks } = record.billing);
    await record.tenants.createTenant(aTenant());
    await record.tenants.createTenant(aTenant({ tenantId: OTHER, name: 'Other' }));
    await record.usage.addRate(aRate());
  });
  afterEach(() => record.close());

  it('keeps plans as they are, oldest first', async () => {
    const full = aPricePlan({
      ...{
        planId: 'pln_2' as PlanId,
        tenantId: ACME,
        invoiceCurrency: 'EUR',
        effectiveFromMs: 5,
        recordedAtMs: 6,
      },
      lines: [
        {
          ...{
            model: 'gallery',
            modelVersion: '1',
            unit: 'started_minute',
            mode: 'package',
            packageSize: 10,
          },
          tiers: [{ upTo: 5, nanoPerUnit: 2n ** 70n, flatNano: 3n }, { nanoPerUnit: 0n }],
        },
      ],
      ...{ includedMs: 7, minimumNano: 8n, commitment: { nanoPerHour: 9n, untilMs: 10 } },
      ...{ promise: { lateShareMax: 0.01, creditShare: 0.1 }, billing: 'prepaid' },
    });
    await plans.add(full);
    await plans.add(aPricePlan());
    await plans.add(aPricePlan({ name: 'changed' }));
    expect(await plans.all()).toEqual([aPricePlan(), full]);
  });

  it('keeps rates of exchange as they are', async () => {
    const rate: FxRate = {
      ...{ from: 'GBP', to: 'EUR', rate: { numerator: 2n ** 70n, denominator: 3n }, source: 'ECB' },
      ...{ effectiveFromMs: 5, recordedAtMs: 6 },
    };
    await fxRates.add(rate);
    await fxRates.add({ ...rate, source: 'changed' });
    await fxRates.add({ ...rate, recordedAtMs: 7 });
    expect(await fxRates.all()).toEqual([rate, { ...rate, recordedAtMs: 7 }]);
  });

  it('replaces and removes budgets, each tenant its own', async () => {
    const budget: Budget = {
      ...{
        budgetId: 'bud_1' as BudgetId,
        tenantId: ACME,
        period: 'month',
        limitNano: 2n ** 70n,
        currency: 'GBP',
      },
      ...{ alertsAt: [0.5, 0.8], hardStop: true },
    };
    await budgets.put(budget);
    await budgets.put({ ...budget, budgetId: 'bud_2' as BudgetId, tenantId: OTHER });
    await budgets.put({ ...budget, limitNano: 3n });
    await budgets.put({ ...budget, tenantId: OTHER, limitNano: 4n });
    expect(await budgets.list(ACME)).toEqual([{ ...budget, limitNano: 3n }]);
    expect((await budgets.list()).map(({ budgetId }) => budgetId)).toEqual(['bud_1', 'bud_2']);
    expect(await budgets.remove(OTHER, budget.budgetId)).toBe(false);
    expect(await budgets.remove(ACME, budget.budgetId)).toBe(true);
    expect(await budgets.list(ACME)).toEqual([]);
  });

  /** Active for so long since `T0`, and added up. */
  const use = async (ms: number, seq = 1): Promise<void> => {
    if (seq === 1) {
      const { session, events } = aSession({}, T0, reserve(T0), observe(T0, 'active'));
      await record.sessions.create(session, events, undefined);
    }
    await record.usage.apply([
      aReading({ sessionId: sessionId(1), seq, activeMs: ms, frames: ms / 40, atMs: T0 + ms }),
    ]);
    await record.usageHours.rollUp(100);
  };
  const due = () => marks.due(hourOf(T0) + 100 * HOUR_MS, 10);
  const hoursDue = async () => (await due()).map(({ hourMs }) => (hourMs - hourOf(T0)) / HOUR_MS);

  it('marks hours whose usage changed, until they are settled', async () => {
    await use(2 * HOUR_MS);
    expect(await hoursDue()).toEqual([0, 1]);
    expect(await marks.due(hourOf(T0) + HOUR_MS, 10)).toHaveLength(1);
    expect(await marks.due(hourOf(T0) + 100 * HOUR_MS, 1)).toHaveLength(1);
    await marks.settle(await due());
    expect(await due()).toEqual([]);
    await use(3 * HOUR_MS, 2);
    expect(await hoursDue()).toContain(2);
  });

  it('gives the marks of one tenant together, of who waits for longest first', async () => {
    const begin = async (name: string, of = ACME, atMs = T0) => {
      const request = { sessionId: sessionId(name), tenantId: of };
      const { session, events } = aSession(request, atMs, reserve(atMs), observe(atMs, 'active'));
      await record.sessions.create(session, events, undefined);
      const ms = 2 * HOUR_MS;
      await record.usage.apply([
        aReading({ sessionId: sessionId(name), activeMs: ms, frames: ms / 40, atMs: atMs + ms }),
      ]);
    };
    await begin('b', ACME, T0);
    await begin('a', OTHER, T0 - HOUR_MS);
    await record.usageHours.rollUp(100);
    expect((await due()).map(({ tenantId: of, hourMs }) => [of, (hourMs - hourOf(T0)) / HOUR_MS])).toEqual([
      [OTHER, -1],
      [OTHER, 0],
      [ACME, 0],
      [ACME, 1],
    ]);
  });

  it('keeps a mark that changed since it was read', async () => {
    await use(HOUR_MS);
    const read = await due();
    await plans.add(aPricePlan());
    await marks.settle(read);
    expect(await hoursDue()).toEqual([0]);
  });

  it('marks hours that a new plan may price otherwise', async () => {
    await use(2 * HOUR_MS);
    await marks.settle(await due());
    await plans.add(aPricePlan({ planId: 'pln_o' as PlanId, tenantId: OTHER }));
    expect(await due()).toEqual([]);
    await plans.add(aPricePlan({ planId: 'pln_l' as PlanId, effectiveFromMs: hourOf(T0) + HOUR_MS }));
    expect(await hoursDue()).toEqual([1]);
    await plans.add(aPricePlan({ planId: 'pln_a' as PlanId, tenantId: ACME }));
    expect(await hoursDue()).toEqual([0, 1]);
    await marks.settle(await due());
    await plans.add(aPricePlan({ planId: 'pln_a' as PlanId, tenantId: ACME }));
    expect(await due()).toEqual([]);
  });
}
