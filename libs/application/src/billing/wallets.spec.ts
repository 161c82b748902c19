import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  HOUR_MS,
  walletNano,
  type Budget,
  type BudgetId,
  type Epoch,
  type SessionId,
} from '@meridian/domain';
import { tenantId } from '@meridian/testkit';
import { ACME, DAY_MS, HOUR_NANO, makeBooks, NOVEMBER, POUND, T0, type Books } from './testing/books.ts';
import { makeGrantCredit, makeReadStandings, makeRefund, makeTopUp } from './wallets.ts';

let books: Books;
beforeEach(async () => {
  books = await makeBooks();
});

describe('a wallet', () => {
  const money = { tenantId: ACME, amountNano: 10n * POUND, currency: 'GBP', reason: 'card' };

  beforeEach(async () => {
    books = await makeBooks({ billing: 'prepaid' });
  });
  const held = async () => walletNano(await books.ledger.balances(ACME), ACME, 'GBP');

  it('is filled once for a key, and emptied by charges', async () => {
    const topUp = makeTopUp(books.ports);
    const first = await topUp({ ...money, idempotencyKey: 'k' });
    expect(first).toMatchObject({ kind: 'posted', transfer: { kind: 'top_up', debit: 'cash:GBP' } });
    books.clock.advance(1);
    expect(await topUp({ ...money, idempotencyKey: 'k' })).toMatchObject({ ...first, kind: 'repeated' });
    expect(await topUp({ ...money, idempotencyKey: 'k', amountNano: 1n })).toEqual({ kind: 'key_reused' });
    expect(await topUp({ ...money, idempotencyKey: 'l', amountNano: 0n })).toEqual({ kind: 'not_positive' });
    expect(await topUp({ ...money, idempotencyKey: 'm', currency: 'EUR' })).toEqual({
      ...{ kind: 'wrong_currency', currency: 'GBP' },
    });
    await makeGrantCredit(books.ports)({ ...money, idempotencyKey: 'k', amountNano: POUND });
    books.use(0);
    books.at(T0 + DAY_MS);
    await books.postCharges();
    expect(await held()).toBe(11n * POUND - HOUR_NANO);
    expect(await makeReadStandings(books.ports)(ACME)).toEqual([
      { currency: 'GBP', walletNano: 11n * POUND - HOUR_NANO, owedNano: 0n },
    ]);
  });

  it('gets back what was charged, a part or all, but no more', async () => {
    books.use(0);
    books.at(T0 + DAY_MS);
    await books.postCharges();
    const [charge] = await books.rows();
    if (!charge) throw new Error('no charge');
    const refund = makeRefund(books.ports);
    const asked = { ...money, transferId: charge.transferId, amountNano: 3n * POUND };
    expect(await refund({ ...asked, idempotencyKey: 'a' })).toMatchObject({
      ...{ kind: 'posted', transfer: { refersTo: charge.transferId, credit: charge.debit } },
    });
    expect(await refund({ ...asked, idempotencyKey: 'a' })).toMatchObject({ kind: 'repeated' });
    expect(await refund({ ...asked, idempotencyKey: 'b' })).toEqual({ kind: 'too_large' });
    expect(await refund({ ...asked, idempotencyKey: 'c', amountNano: 600_000_000n })).toMatchObject({
      kind: 'posted',
    });
    expect(await refund({ ...asked, idempotencyKey: 'd', tenantId: tenantId('x') })).toEqual({
      kind: 'not_found',
    });
    expect(await held()).toBe(0n);
  });

  it('that runs low is told of, once until it is filled again', async () => {
    const topUp = makeTopUp(books.ports);
    await topUp({ ...money, amountNano: 5n * POUND, idempotencyKey: 'k' });
    await books.watchBudgets();
    expect(books.types()).toEqual([]);
    books.use(0);
    books.at(T0 + 2 * HOUR_MS);
    await books.postCharges();
    for (let i = 0; i < 3; i++) await books.watchBudgets();
    expect(books.types().filter((type) => type === 'wallet.low')).toHaveLength(1);
    await topUp({ ...money, amountNano: POUND, idempotencyKey: 'l' });
    await books.watchBudgets();
    expect(books.types().filter((type) => type === 'wallet.low')).toHaveLength(2);
  });
});

describe('a budget', () => {
  const budget: Budget = {
    ...{
      budgetId: 'bud_1' as BudgetId,
      tenantId: ACME,
      period: 'month',
      limitNano: 2n * HOUR_NANO,
      currency: 'GBP',
    },
    ...{ alertsAt: [0.5, 0.8], hardStop: true },
  };
  const alerts = () => [...books.told.values()].map(({ type, data }) => [type, data['share']]);

  it('is told of at each threshold, once a month', async () => {
    await books.ports.budgets.put(budget);
    await books.watchBudgets();
    books.use(0);
    for (let i = 0; i < 2; i++) await books.watchBudgets();
    expect(alerts()).toEqual([['budget.alert', 0.5]]);
    books.use(1);
    for (let i = 0; i < 2; i++) await books.watchBudgets();
    expect(alerts()).toEqual([
      ['budget.alert', 0.5],
      ['budget.alert', 0.8],
      ['budget.exhausted', 1],
    ]);
    books.at(T0 + 31 * DAY_MS);
    books.use(31 * 24);
    await books.watchBudgets();
    expect(alerts()).toHaveLength(4);
  });

  it('that stops sessions is told of while they run on it, before the hour is over', async () => {
    await books.ports.budgets.put({ ...budget, limitNano: HOUR_NANO });
    const granted = { tenantId: ACME, sessionId: 'ses_1' as SessionId, epoch: 1 as Epoch, period: NOVEMBER };
    const gallery = { model: 'gallery', modelVersion: '1.0.0' };
    await books.ports.holds.grant({ ...granted, ...gallery }, () => 0.9 * HOUR_MS);
    await books.watchBudgets();
    expect(alerts()).toEqual([
      ['budget.alert', 0.5],
      ['budget.alert', 0.8],
    ]);
  });

  it('in another currency is watched at the rate of now, and an incident without one', async () => {
    await books.ports.budgets.put({ ...budget, currency: 'EUR' });
    books.use(0);
    await books.watchBudgets();
    expect(books.ports.incidents.notes).toHaveLength(1);
    await books.ports.fxRates.add({
      ...{ from: 'GBP', to: 'EUR', rate: { numerator: 2n, denominator: 1n }, source: 'ECB' },
      ...{ effectiveFromMs: 0, recordedAtMs: 0 },
    });
    await books.watchBudgets();
    expect(alerts()).toEqual([
      ['budget.alert', 0.5],
      ['budget.alert', 0.8],
      ['budget.exhausted', 1],
    ]);
  });
});
