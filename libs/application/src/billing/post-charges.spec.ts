// What is charged once, what is corrected and where.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { balancesOf, HOUR_MS, type Transfer } from '@meridian/domain';
import { aPricePlan, tenantId } from '@meridian/testkit';
import { makeAddPlan } from './add-plan.ts';
import { makePostCharges } from './post-charges.ts';
import { ACME, DAY_MS, HOUR_NANO, instead, makeBooks, paidBy, T0, type Books } from './testing/books.ts';

let books: Books;
beforeEach(async () => {
  books = await makeBooks();
});

describe('charges', () => {
  it('are posted once an hour is over and settled, and told of', async () => {
    books.use(0);
    books.at(T0 + HOUR_MS + 299_999);
    expect(await books.postCharges()).toEqual({ posted: 0 });
    books.at(T0 + HOUR_MS + 300_000);
    expect(await books.postCharges()).toEqual({ posted: 1 });
    expect(await books.postCharges()).toEqual({ posted: 0 });
    expect(paidBy(await books.rows())).toBe(HOUR_NANO);
    expect([...books.told.values()]).toEqual([
      {
        ...{ eventId: `evt_usage.hour_closed_${ACME}_${T0}`, type: 'usage.hour_closed', tenantId: ACME },
        atMs: T0 + HOUR_MS,
        data: { hour: '2026-11-01T00:00:00.000Z', priceNano: String(HOUR_NANO), currency: 'GBP' },
      },
    ]);
  });

  it('are none where no plan is, and all once there is one', async () => {
    const later = await makeBooks({ tenantId: tenantId('other') });
    later.use(0);
    later.at(T0 + DAY_MS);
    expect(await later.postCharges()).toEqual({ posted: 0 });
    const addPlan = makeAddPlan(later.ports);
    const { planId: _id, recordedAtMs: _at, ...plan } = aPricePlan();
    expect(await addPlan({ ...plan, lines: [] })).toMatchObject({ kind: 'impossible' });
    expect(await addPlan(plan)).toMatchObject({ kind: 'added', plan: { recordedAtMs: T0 + DAY_MS } });
    expect(await later.postCharges()).toEqual({ posted: 1 });
  });

  it('are corrected by the difference when usage comes late', async () => {
    books.use(0);
    books.use(1);
    books.at(T0 + 3 * HOUR_MS);
    await books.postCharges();
    books.use(0, { activeMs: 5_400_000 });
    await books.postCharges();
    const [, second] = (await books.rows()).filter(({ hourMs }) => hourMs === T0);
    expect(second).toMatchObject({
      kind: 'correction',
      amountNano: HOUR_NANO / 2n,
      refersTo: `chg_${ACME}_${T0}_0`,
    });
  });

  it('go on where they were killed: nothing twice, nothing lost', async () => {
    books.use(0);
    books.at(T0 + DAY_MS);
    const dies = () => Promise.reject(new Error('killed'));
    const ledger = instead(books.ledger, { post: dies });
    await expect(makePostCharges({ ...books.ports, ledger })()).rejects.toThrow('killed');
    const chargeMarks = instead(books.ports.chargeMarks, { settle: dies });
    await expect(makePostCharges({ ...books.ports, chargeMarks })()).rejects.toThrow('killed');
    expect(await books.postCharges()).toEqual({ posted: 0 });
    expect(paidBy(await books.rows())).toBe(HOUR_NANO);
    expect(await books.ports.chargeMarks.due(T0 + DAY_MS, 9)).toEqual([]);
  });

  it('are right though another replica posts newer usage while this one still counts', async () => {
    books.use(0);
    books.at(T0 + DAY_MS);
    await books.postCharges();
    books.use(0, { activeMs: 5_400_000 });
    const usageHours = instead(books.ports.usageHours, {
      hours: async (...asked: Parameters<typeof books.ports.usageHours.hours>) => {
        const old = await books.ports.usageHours.hours(...asked);
        books.use(0, { activeMs: 7_200_000 });
        await books.postCharges();
        return old;
      },
    });
    await makePostCharges({ ...books.ports, usageHours })();
    await books.postCharges();
    expect(paidBy(await books.rows())).toBe(2n * HOUR_NANO);
  });

  it('are looked at again when another replica was first, with older usage', async () => {
    books.use(0);
    books.at(T0 + DAY_MS);
    const ledger = instead(books.ledger, {
      post: async (rows: readonly Transfer[]) => {
        await books.ledger.post(rows.map((row) => ({ ...row, amountNano: 1n })));
        return books.ledger.post(rows);
      },
    });
    expect(await makePostCharges({ ...books.ports, ledger })()).toEqual({ posted: 0 });
    expect(await books.postCharges()).toEqual({ posted: 1 });
    expect(paidBy(await books.rows())).toBe(HOUR_NANO);
  });

  it('stay when the clock of a replica is behind the one that charged', async () => {
    books.use(0);
    books.use(1);
    books.at(T0 + 3 * HOUR_MS);
    await books.postCharges();
    books.use(0, { activeMs: 1_800_000 });
    books.at(T0 + 1.5 * HOUR_MS);
    await books.postCharges();
    expect(paidBy(await books.rows())).toBe(HOUR_NANO + HOUR_NANO / 2n);
  });
});

describe('the books', () => {
  it('balance, whatever happened', async () => {
    books.use(0);
    books.at(T0 + 31 * DAY_MS);
    await books.issued();
    books.use(0, { activeMs: 1 });
    books.use(5);
    await books.postCharges();
    const rows = [...books.stores.transfers.values()];
    const balances = await books.ledger.balances(ACME);
    expect(balances).toEqual(balancesOf(rows));
    const off = balances.reduce((total, { debitNano, creditNano }) => total + debitNano - creditNano, 0n);
    expect(off).toBe(0n);
  });
});
