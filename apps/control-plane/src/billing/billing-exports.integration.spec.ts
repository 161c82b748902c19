// CSV and FOCUS, who may read what (S1), and stores that are away.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN,
  OWN,
  WINDOW,
  expectProblem,
  openBillingScene,
  type BillingScene,
} from '../testing/billing-scene.ts';

describe('routes of billing', () => {
  let stores: BillingScene['stores'];
  let cp: BillingScene['cp'];
  let acme: BillingScene['acme'];
  let other: BillingScene['other'];

  beforeEach(async () => {
    ({ stores, cp, acme, other } = await openBillingScene());
  });
  afterEach(() => cp.close());

  describe('CSV', () => {
    it('answers any table, by query or by Accept', async () => {
      for (const [path, headers] of [
        [`${ADMIN}/usage?${WINDOW}&groupBy=tenant&format=csv`, {}],
        [`${ADMIN}/usage?${WINDOW}&groupBy=tenant`, { accept: 'text/csv' }],
      ] as const) {
        const answer = await cp.admin.get(path, headers);
        expect(answer.headers.get('content-type')).toContain('text/csv');
        expect(answer.headers.get('content-disposition')).toBe('attachment; filename="usage.csv"');
        const [header, ...lines] = answer.text.trimEnd().split('\r\n');
        expect(header?.split(',').slice(0, 4)).toEqual(['from', 'to', 'tenant', 'currency']);
        expect(lines.length).toBeGreaterThanOrEqual(2);
      }
    });

    it.each([
      `${ADMIN}/gpu-hours?${WINDOW}`,
      `${ADMIN}/economics?${WINDOW}`,
      `${ADMIN}/margins?${WINDOW}`,
      `${ADMIN}/sessions/top?${WINDOW}`,
      `${ADMIN}/conservation?${WINDOW}`,
      `${ADMIN}/set-aside?limit=5`,
      `${ADMIN}/fx-rates?`,
      `${ADMIN}/invoices?`,
      `${ADMIN}/ledger?limit=5`,
    ])('%s', async (path) => {
      const answer = await cp.admin.get(`${path}&format=csv`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    });

    it('leads a formula with an apostrophe', async () => {
      const { text } = await cp.admin.get(`${ADMIN}/margins?${WINDOW}&format=csv`);
      expect(text).toContain(",'=Acme,");
    });
  });

  describe('FOCUS', () => {
    it('exports cost that adds up to the bill, idle by cause', async () => {
      const { text, headers } = await cp.admin.get(`${ADMIN}/focus.csv?${WINDOW}`);
      expect(headers.get('content-type')).toContain('text/csv');
      const rows = parseCsv(text);
      const billed = rows.reduce((sum, row) => sum + Number(row['BilledCost']), 0);
      expect(billed).toBeCloseTo(4.8, 9);
      expect(rows.find(({ SubAccountId }) => SubAccountId === acme.tenantId)).toMatchObject({
        ...{ BilledCost: '0.6', ChargeCategory: 'Usage', ConsumedQuantity: '0.5', PricingQuantity: '0.25' },
        ...{ RegionName: 'US East', BillingPeriodStart: '2026-11-01T00:00:00Z', SubAccountName: "'=Acme" },
      });
      expect(rows.some((row) => row['x_IdleCause'] === 'no_demand')).toBe(true);
    });

    it('exports to a tenant what it is charged, and nobody else’s', async () => {
      const [row, ...more] = parseCsv((await acme.get(`${OWN}/focus.csv`)).text);
      expect(more).toEqual([]);
      expect(row).toMatchObject({
        ...{
          BilledCost: '1.8',
          BillingAccountId: acme.tenantId,
          BillingCurrency: 'GBP',
          ConsumedQuantity: '0.5',
        },
        ...{ ChargePeriodStart: '2026-11-02T08:00:00Z', ChargePeriodEnd: '2026-11-02T09:00:00Z' },
      });
      expect((await acme.get(`${OWN}/focus.csv`)).text).not.toContain(other.tenantId);
    });
  });

  it('lets no tenant into the operator’s routes, and no operator’s key into a tenant’s', async () => {
    const admin = [
      'usage',
      'gpu-hours',
      'live',
      'economics',
      'margins',
      'sessions/top',
      'conservation',
      'set-aside',
    ];
    const more = ['jobs', 'plans', 'fx-rates', 'invoices', 'ledger', 'focus.csv', 'webhooks'];
    for (const path of [
      ...admin,
      ...more,
      `tenants/${acme.tenantId}/wallet`,
      `tenants/${acme.tenantId}/budgets`,
    ]) {
      expectProblem(await acme.get(`${ADMIN}/${path}`), 401, 'api_key_invalid');
      expectProblem(await cp.anonymous.get(`${ADMIN}/${path}`), 401, 'api_key_missing');
    }
    for (const path of [
      'usage',
      'plan',
      'invoices',
      'ledger',
      'wallet',
      'budgets',
      'focus.csv',
      'webhooks',
    ]) {
      expectProblem(await cp.admin.get(`${OWN}/${path}`), 401, 'api_key_invalid');
      expectProblem(await cp.anonymous.get(`${OWN}/${path}`), 401, 'api_key_missing');
    }
  });

  it('says so when the record is away, also before an export begins', async () => {
    stores.record.away = true;
    for (const path of ['usage', 'ledger', 'focus.csv', 'jobs']) {
      expectProblem(await cp.admin.get(`${ADMIN}/${path}`), 503, 'store_unavailable');
    }
    stores.record.away = false;
  });
});

/** Plain cells only: what is quoted here holds no commas. */
function parseCsv(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trimEnd().split('\r\n');
  const columns = header.split(',');
  const cellsOf = (line: string) =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) => cell);
  return lines.map((line) => {
    const cells = cellsOf(line);
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
  });
}
