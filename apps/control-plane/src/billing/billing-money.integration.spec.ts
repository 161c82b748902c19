// Plans, invoices, the ledger, wallets and budgets, by their routes.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN,
  HOUR_MS,
  OWN,
  expectProblem,
  openBillingScene,
  sumOf,
  type BillingScene,
  type Row,
} from '../testing/billing-scene.ts';

describe('routes of price and money', () => {
  let clock: BillingScene['clock'];
  let cp: BillingScene['cp'];
  let acme: BillingScene['acme'];
  let other: BillingScene['other'];

  beforeEach(async () => {
    ({ clock, cp, acme, other } = await openBillingScene());
  });
  afterEach(() => cp.close());

  describe('plans and rates of exchange', () => {
    it('keeps plans; a tenant sees its own', async () => {
      const plans = (await cp.admin.get(`${ADMIN}/plans`)).body['plans'] as Row[];
      expect(plans.map(({ name }) => name).toSorted()).toEqual(['acme', 'standard']);
      expect((await acme.get(`${OWN}/plan`)).body).toMatchObject({ name: 'acme', tenant: acme.tenantId });
      expect((await other.get(`${OWN}/plan`)).body).toMatchObject({ name: 'standard' });
    });

    it('refuses a plan that cannot be, naming the line', async () => {
      const tiers = [
        { upTo: 10, nanoPerUnit: '1' },
        { upTo: 5, nanoPerUnit: '1' },
      ];
      const plan = {
        name: 'odd',
        currency: 'GBP',
        lines: [{ unit: 'active_second', mode: 'graduated', tiers }],
      };
      expectProblem(await cp.admin.post(`${ADMIN}/plans`, plan), 400, 'invalid_request', 'lines.0');
      const nobody = {
        ...plan,
        tenant: 'ten_nobody',
        lines: [{ ...plan.lines[0], tiers: [{ nanoPerUnit: '1' }] }],
      };
      expectProblem(await cp.admin.post(`${ADMIN}/plans`, nobody), 404, 'tenant_not_found');
    });

    it('keeps rates of exchange as fractions', async () => {
      const rate = { from: 'USD', to: 'GBP', rate: { numerator: '79', denominator: '100' }, source: 'ECB' };
      expect((await cp.admin.post(`${ADMIN}/fx-rates`, rate)).body).toMatchObject(rate);
      expect((await cp.admin.get(`${ADMIN}/fx-rates`)).body['fxRates']).toMatchObject([rate]);
      expectProblem(
        await cp.admin.post(`${ADMIN}/fx-rates`, { ...rate, to: 'USD' }),
        400,
        'invalid_request',
        'to',
      );
    });

    it('takes rates of GPUs by how they were bought', async () => {
      const rate = {
        gpuType: 'h100',
        currency: 'GBP',
        nanoPerGpuHour: '900000000',
        purchase: 'spot',
        source: 'market',
      };
      expect((await cp.admin.post('/admin/v1/rates', rate)).body).toMatchObject(rate);
    });
  });

  describe('invoices', () => {
    it('previews a month, for the operator and for its tenant alone', async () => {
      const preview = await cp.admin.get(`${ADMIN}/invoices/preview?tenant=${acme.tenantId}`);
      expect(preview.body).toMatchObject({
        ...{
          tenant: acme.tenantId,
          period: '2026-11',
          status: 'preview',
          currency: 'GBP',
          totalNano: '1800000000',
        },
        lines: [{ kind: 'usage', model: 'gallery', unit: 'active_second', quantity: 1_800 }],
      });
      expect((await acme.get(`${OWN}/invoices/preview`)).body).toEqual(preview.body);
      expect((await other.get(`${OWN}/invoices/preview`)).body).toMatchObject({
        ...{ tenant: other.tenantId, totalNano: '900000000' },
      });
      expectProblem(
        await acme.get(`${OWN}/invoices/preview?tenant=${other.tenantId}`),
        400,
        'invalid_request',
        'tenant',
      );
      expectProblem(
        await cp.admin.get(`${ADMIN}/invoices/preview?tenant=ten_nobody`),
        404,
        'tenant_not_found',
      );
    });

    it('issues a month once it is over; another tenant’s invoice is not there', async () => {
      const early = await cp.admin.post(`${ADMIN}/invoices/issue`, {
        period: '2026-11',
        tenant: acme.tenantId,
      });
      expect(early.body).toMatchObject({ issued: [], left: [{ tenant: acme.tenantId, reason: 'not_over' }] });
      clock.advance(40 * 24 * HOUR_MS);
      const issued = await cp.admin.post(`${ADMIN}/invoices/issue`, { period: '2026-11' });
      expect(issued.body['issued']).toHaveLength(2);
      const mine = (await acme.get(`${OWN}/invoices`)).body['invoices'] as Row[];
      expect(mine).toMatchObject([{ tenant: acme.tenantId, status: 'issued', totalNano: '1800000000' }]);
      const id = String(mine[0]?.['id']);
      const invoice = await acme.get(`${OWN}/invoices/${id}`);
      const lines = invoice.body['lines'] as Row[];
      expect(sumOf(lines, 'amountNano')).toBe(1_800_000_000n);
      // From the line to the entries of the ledger that it stands for.
      const ids = lines.flatMap(({ transferIds }) => (transferIds ?? []) as string[]);
      const ledger = (await acme.get(`${OWN}/ledger?period=2026-11`)).body['transfers'] as Row[];
      expect(ledger.map((transfer) => transfer['id'])).toEqual(expect.arrayContaining(ids));
      expectProblem(await other.get(`${OWN}/invoices/${id}`), 404, 'invoice_not_found');
      expectProblem(await other.get(`${OWN}/invoices/nonsense`), 404, 'invoice_not_found');
      expect((await cp.admin.get(`${ADMIN}/invoices/${id}`)).body).toEqual(invoice.body);
      const csv = await acme.get(`${OWN}/invoices/${id}?format=csv`);
      expect(csv.text.split('\r\n')[0]).toContain('invoice,number,tenant,period,kind');
    });
  });

  describe('money', () => {
    const topUp = (key: string | undefined, body: object = {}, of = acme.tenantId) =>
      cp.admin.post(
        `${ADMIN}/tenants/${of}/wallet/top-ups`,
        { amountNano: '5000000000', currency: 'GBP', ...body },
        key === undefined ? {} : { 'idempotency-key': key },
      );

    it('takes a payment once, whatever is sent again', async () => {
      const first = await topUp('pay-1');
      expect([first.status, first.body]).toMatchObject([
        201,
        { repeated: false, transfer: { kind: 'top_up', amountNano: '5000000000', tenant: acme.tenantId } },
      ]);
      const again = await topUp('pay-1');
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
      expect(again.body['transfer']).toMatchObject({ id: (first.body['transfer'] as Row)['id'] });
      expectProblem(await topUp('pay-1', { amountNano: '6000000000' }), 422, 'idempotency_key_reused');
      expectProblem(await topUp(undefined), 400, 'invalid_request', 'Idempotency-Key');
      expectProblem(await topUp('pay-2', { currency: 'USD' }), 422, 'wrong_currency', 'currency');
      expectProblem(await topUp('pay-3', { amountNano: '0' }), 400, 'invalid_request', 'amountNano');
      expectProblem(await topUp('pay-4', {}, 'ten_nobody'), 404, 'tenant_not_found');
      const wallet = (await acme.get(`${OWN}/wallet`)).body;
      // Postpaid: what was paid goes against what is owed.
      expect(wallet).toMatchObject({ balances: [{ currency: 'GBP', owedNano: '-3200000000' }] });
      expect(wallet['transfers']).toHaveLength(1);
    });

    it('notes every payment in the audit log, and keeps its trace', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const path = `${ADMIN}/tenants/${acme.tenantId}/wallet/grants`;
      const body = { amountNano: '1', currency: 'GBP', reason: 'sorry' };
      const granted = await cp.admin.post(path, body, { 'idempotency-key': 'g1', traceparent });
      expect(granted.body['transfer']).toMatchObject({
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        kind: 'grant',
      });
      const { entries } = (await cp.admin.get('/admin/v1/audit?limit=1')).body as { entries: Row[] };
      expect(entries).toMatchObject([
        { action: `POST ${ADMIN}/tenants/:tenantId/wallet/grants`, detail: { body: { reason: 'sorry' } } },
      ]);
    });

    it('gives back what a transfer took, no more and only its tenant’s', async () => {
      const { transfers } = (await acme.get(`${OWN}/ledger`)).body as { transfers: Row[] };
      const transferId = transfers[0]?.['id'];
      const refund = (key: string, amountNano: string, of = acme.tenantId, id = transferId) =>
        cp.admin.post(
          `${ADMIN}/tenants/${of}/refunds`,
          { transferId: id, amountNano, reason: 'frozen' },
          { 'idempotency-key': key },
        );
      expect((await refund('r1', '1000000000')).body['transfer']).toMatchObject({
        ...{ kind: 'refund', refersTo: transferId, amountNano: '1000000000' },
      });
      expectProblem(await refund('r2', '1800000000'), 422, 'refund_too_large', 'amountNano');
      expectProblem(await refund('r3', '1', other.tenantId), 404, 'transfer_not_found');
      expectProblem(await refund('r4', '1', acme.tenantId, 'chg_none'), 404, 'transfer_not_found');
    });

    it('shows each tenant its own ledger, page by page', async () => {
      const mine = (await acme.get(`${OWN}/ledger`)).body['transfers'] as Row[];
      expect(mine.map(({ tenant }) => tenant)).toEqual([acme.tenantId]);
      expect(mine[0]).toMatchObject({
        kind: 'charge',
        hour: '2026-11-02T08:00:00.000Z',
        amountNano: '1800000000',
      });
      const first = (await cp.admin.get(`${ADMIN}/ledger?limit=1`)).body;
      expect(first['transfers']).toHaveLength(1);
      const second = (await cp.admin.get(`${ADMIN}/ledger?limit=1&cursor=${first['next']}`)).body;
      expect((second['transfers'] as Row[])[0]?.['id']).not.toBe((first['transfers'] as Row[])[0]?.['id']);
      expectProblem(
        await acme.get(`${OWN}/ledger?tenant=${other.tenantId}`),
        400,
        'invalid_request',
        'tenant',
      );
    });

    it('keeps budgets as the operator puts them, and tells what is spent', async () => {
      const path = `${ADMIN}/tenants/${acme.tenantId}/budgets`;
      const put = (budgets: readonly object[]) => cp.admin.send('PUT', path, JSON.stringify({ budgets }));
      const [budget] = (await put([{ limitNano: '2000000000', currency: 'GBP', hardStop: true }])).body[
        'budgets'
      ] as Row[];
      expect(budget).toMatchObject({
        ...{ tenant: acme.tenantId, alertsAt: [0.5, 0.8, 1], hardStop: true },
        ...{ spentNano: '1800000000', spentShare: 0.9 },
      });
      expect((await acme.get(`${OWN}/budgets`)).body).toEqual({ budgets: [budget] });
      expect((await other.get(`${OWN}/budgets`)).body).toEqual({ budgets: [] });
      const [changed] = (await put([{ limitNano: '9000000000', currency: 'GBP' }])).body['budgets'] as Row[];
      expect(changed).toMatchObject({ id: budget?.['id'], limitNano: '9000000000', hardStop: false });
      expect((await put([])).body).toEqual({ budgets: [] });
      const twice = [
        { limitNano: '1', currency: 'GBP' },
        { limitNano: '2', currency: 'GBP' },
      ];
      expectProblem(await put(twice), 400, 'invalid_request', 'budgets');
      expectProblem(await put([{ limitNano: '1', currency: 'GBP', alertsAt: [2] }]), 400, 'invalid_request');
    });
  });
});
