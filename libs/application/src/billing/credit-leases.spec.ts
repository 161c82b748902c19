// Money that is not there is not played for, whoever asks how often and whatever is lost.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BudgetId, EndReason, Session } from '@meridian/domain';
import {
  aPricePlan,
  aTenant,
  aTransfer,
  CREDIT_SLICE_MS,
  FakeSessionTokens,
  makeWorld,
  type World,
} from '@meridian/testkit';
import { makeTopUp } from './wallets.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
/** A pound is a thousand seconds. */
const NANO_PER_SECOND = 1_000_000n;
const { tenantId } = aTenant();

let world: World;
beforeEach(async () => {
  world = makeWorld({ startMs: T0 });
  await world.addWorker({ slots: 8 });
});

const prepaid = () => world.plans.add(aPricePlan({ billing: 'prepaid' }));
let paidIn = 0;
const payIn = (seconds: number) =>
  makeTopUp(world)({
    ...{ tenantId, amountNano: BigInt(seconds) * NANO_PER_SECOND, currency: 'GBP', reason: 'paid' },
    idempotencyKey: `key-${(paidIn += 1)}`,
  });
const budgetOf = (seconds: number, hardStop = true) =>
  world.budgets.put({
    ...{ budgetId: 'bud_1' as BudgetId, tenantId, period: 'month', currency: 'GBP', alertsAt: [0.8] },
    ...{ limitNano: BigInt(seconds) * NANO_PER_SECOND, hardStop },
  });

async function opened(): Promise<Session> {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
}
async function playing(): Promise<Session> {
  const session = await opened();
  expect(await world.connect(session)).toBe(true);
  return session;
}
const creditIn = async (session: Session): Promise<number | undefined> =>
  FakeSessionTokens.read((await world.issueConnection(session))?.token ?? '').creditMs;
const endOf = async ({ request }: Session): Promise<EndReason | undefined> =>
  (await world.sessions.find(request.sessionId))?.endReason;
const activeMsOf = async (sessions: readonly Session[]): Promise<number> => {
  const usages = await Promise.all(
    sessions.map(({ request }) => world.usage.sessionUsage(request.sessionId)),
  );
  return usages.reduce((sum, usage) => sum + (usage?.activeMs ?? 0), 0);
};

describe('a tenant without a limit', () => {
  it('gets no credit, because it needs none', async () => {
    await world.plans.add(aPricePlan());
    await budgetOf(10, false);
    expect(await creditIn(await opened())).toBeUndefined();
  });
});

describe('a prepaid tenant', () => {
  beforeEach(prepaid);

  it('with nothing in its wallet opens no session, and one with something does', async () => {
    expect(await world.open()).toEqual({ kind: 'budget_exhausted' });
    await payIn(1);
    expect(await creditIn(await opened())).toBe(1_000);
  });

  it('plays on credit that is renewed, to the last millisecond that it paid for', async () => {
    await payIn(400);
    const session = await playing();
    expect(await creditIn(session)).toBe(CREDIT_SLICE_MS);
    await world.pass(390_000);
    expect(await endOf(session)).toBeUndefined();
    await world.pass(20_000);
    expect(await endOf(session)).toBe('budget_exhausted');
    expect(await activeMsOf([session])).toBe(400_000);
    expect(await world.open()).toEqual({ kind: 'budget_exhausted' });
  });

  it('plays with several sessions no longer than it paid for in all', async () => {
    await payIn(1_000);
    const sessions = [await playing(), await playing(), await playing()];
    await world.pass(600_000);
    expect(await Promise.all(sessions.map(endOf))).toEqual(sessions.map(() => 'budget_exhausted'));
    expect(await activeMsOf(sessions)).toBe(1_000_000);
  });

  it('plays on when it pays in', async () => {
    await payIn(100);
    const session = await playing();
    await world.pass(80_000);
    await payIn(1_000);
    await world.pass(100_000);
    expect(await endOf(session)).toBeUndefined();
  });

  it('gets back what an ended session was given and did not use', async () => {
    await payIn(200);
    const session = await playing();
    await world.pass(10_000);
    expect(await creditIn(await opened())).toBe(80_000);
    for (const worker of world.fleet) worker.end(session.request.sessionId, 'client_ended');
    await world.pass(5_000);
    expect(await creditIn(await opened())).toBe(110_000);
  });

  it('is not asked to pay twice for what was charged meanwhile', async () => {
    await payIn(300);
    const session = await playing();
    await world.pass(100_000);
    for (const worker of world.fleet) worker.end(session.request.sessionId, 'client_ended');
    await world.pass(5_000);
    const charge = { amountNano: 100n * NANO_PER_SECOND, tenantId, hourMs: T0, atMs: world.clock.nowMs() };
    const { debit } = aTransfer();
    await world.ledger.post([
      aTransfer({ ...charge, debit: debit.replace('receivable', 'wallet') as typeof debit }),
    ]);
    const wanted = [await creditIn(await opened()), await creditIn(await opened())];
    expect(wanted).toEqual([CREDIT_SLICE_MS, 200_000 - CREDIT_SLICE_MS]);
  });

  it('gets the same credit however often its connection is asked for', async () => {
    await payIn(1_000);
    const session = await opened();
    const asked = [await creditIn(session), await creditIn(session), await creditIn(session)];
    expect(asked).toEqual([CREDIT_SLICE_MS, CREDIT_SLICE_MS, CREDIT_SLICE_MS]);
    const { committed } = await world.holds.read({ tenantId, period: '2026-11' as never });
    expect(committed).toMatchObject([{ activeMs: CREDIT_SLICE_MS }]);
  });

  it('is served as far as its credit goes while the record is away, and no further', async () => {
    await payIn(10_000);
    const session = await playing();
    await world.pass(5_000);
    world.record.away = true;
    await world.pass(CREDIT_SLICE_MS + 60_000);
    expect(world.fleet.flatMap(({ running }) => running)).toEqual([]);
    world.record.away = false;
    await world.pass(10_000);
    expect(await endOf(session)).toBe('budget_exhausted');
    expect(await activeMsOf([session])).toBeLessThanOrEqual(CREDIT_SLICE_MS + 5_000);
  });
});

describe('a budget with a hard stop', () => {
  it('ends what is played when it is spent, also of sessions that ran before it was set', async () => {
    await world.plans.add(aPricePlan());
    const session = await playing();
    await world.pass(30_000);
    await budgetOf(100);
    await world.pass(120_000);
    expect(await endOf(session)).toBe('budget_exhausted');
    expect(await activeMsOf([session])).toBe(100_000);
    expect(await world.open()).toEqual({ kind: 'budget_exhausted' });
  });

  it('takes the smaller of budget and wallet', async () => {
    await prepaid();
    await payIn(500);
    await budgetOf(90);
    expect(await creditIn(await opened())).toBe(90_000);
  });

  it('is of one tenant', async () => {
    await world.plans.add(aPricePlan());
    await budgetOf(0);
    const other = aTenant({ tenantId: 'ten_other' as typeof tenantId });
    expect((await world.open({ tenant: other })).kind).toBe('opened');
  });
});
