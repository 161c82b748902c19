// Usage, GPUs and what they cost, by their routes.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN,
  OWN,
  WINDOW,
  expectProblem,
  openBillingScene,
  rowsOf,
  sumOf,
  type BillingScene,
  type Row,
} from '../testing/billing-scene.ts';

describe('routes of usage and cost', () => {
  let cp: BillingScene['cp'];
  let acme: BillingScene['acme'];
  let other: BillingScene['other'];
  let session: BillingScene['session'];

  beforeEach(async () => {
    ({ cp, acme, other, session } = await openBillingScene());
  });
  afterEach(() => cp.close());

  describe('usage', () => {
    it('adds up by tenant, with idle shared by use, and price', async () => {
      const answer = await cp.admin.get(
        `${ADMIN}/usage?${WINDOW}&interval=none&groupBy=tenant&idle=by_usage`,
      );
      expect(answer.body).toMatchObject({
        ...{
          from: '2026-11-02T08:00:00.000Z',
          to: '2026-11-02T10:00:00.000Z',
          interval: 'none',
          timeZone: 'UTC',
        },
        ...{ groupBy: ['tenant'], idle: 'by_usage', band: { low: 0.8, high: 1.6, currency: 'GBP' } },
      });
      const rows = rowsOf(answer);
      const mine = rows.find(({ tenant }) => tenant === acme.tenantId);
      // Half an hour on half of a GPU at £2.40: 60 p, and £1.80 at a thousandth a second.
      expect(mine).toMatchObject({
        ...{ activeMs: 1_800_000, userHours: 0.5, frames: 45_000, lateFrames: 2, sessionsStarted: 1 },
        ...{ costNano: '600000000', priceNano: '1800000000', perUserHour: 1.2, currency: 'GBP' },
      });
      expect(mine?.['perFrameNano']).toBeCloseTo(600_000_000 / 45_000, 6);
      // Two GPUs for an hour cost £4.80, to the nano (M3).
      expect(sumOf(rows, 'costNano') + sumOf(rows, 'idleNano')).toBe(4_800_000_000n);
    });

    it.each([
      '',
      '&groupBy=region',
      '&groupBy=tenant',
      '&groupBy=model,modelVersion',
      '&groupBy=tenant,pool,purchase',
    ])('is the GPUs’ bill however it is grouped: %j', async (grouping) => {
      for (const idle of ['own', 'by_usage', 'by_cost', 'equal']) {
        const rows = rowsOf(
          await cp.admin.get(`${ADMIN}/usage?${WINDOW}${grouping}&idle=${idle}&interval=hour`),
        );
        expect(sumOf(rows, 'costNano') + sumOf(rows, 'idleNano')).toBe(4_800_000_000n);
      }
    });

    it('filters, and cuts days where the time zone has them', async () => {
      const path = `${ADMIN}/usage?${WINDOW}&tenant=${other.tenantId}&groupBy=region&timeZone=Asia/Tokyo`;
      const rows = rowsOf(await cp.admin.get(path));
      expect(rows.map(({ region, activeMs }) => [region, activeMs])).toEqual([
        ['eu-west', 1_200_000],
        ['us-east', 600_000],
      ]);
      expect(rows[0]).toMatchObject({ from: '2026-11-01T15:00:00.000Z', to: '2026-11-02T15:00:00.000Z' });
    });

    it('tells a tenant its own use and price, and none of our cost', async () => {
      const answer = await acme.get(`${OWN}/usage?${WINDOW}`);
      expect(rowsOf(answer)).toMatchObject([
        { activeMs: 1_800_000, frames: 45_000, priceNano: '1800000000', currency: 'GBP' },
      ]);
      expect(answer.text).not.toMatch(/cost|idle|margin|gpu|perUserHour|pool/i);
      expect(rowsOf(await other.get(`${OWN}/usage?${WINDOW}&groupBy=region`))).toHaveLength(2);
    });

    it.each([
      ['groupBy=colour', 'groupBy.0'],
      ['timeZone=Mars/Olympus', 'timeZone'],
      ['interval=week', 'interval'],
      ['from=yesterday', 'from'],
      ['from=2026-11-03T00:00:00.000Z&to=2026-11-02T00:00:00.000Z', 'from'],
      ['from=2020-11-03T00:00:00.000Z', 'from'],
      ['idle=mine', 'idle'],
      ['pool=h100', 'pool'],
      ['tenant=acme', 'tenant'],
      ['format=xml', 'format'],
      ['colour=red', 'colour'],
    ])('refuses %s: names the field and the fix', async (query, field) => {
      expectProblem(await cp.admin.get(`${ADMIN}/usage?${query}`), 400, 'invalid_request', field);
    });

    it('does not let a tenant ask about another, or about our GPUs', async () => {
      for (const query of [
        `tenant=${other.tenantId}`,
        'pool=us-east/h100/gallery@1.0.0',
        'idle=own',
        'gpuType=h100',
      ]) {
        expectProblem(await acme.get(`${OWN}/usage?${query}`), 400, 'invalid_request', query.split('=')[0]);
      }
      expectProblem(await acme.get(`${OWN}/usage?groupBy=tenant`), 400, 'invalid_request', 'groupBy.0');
    });
  });

  describe('GPUs', () => {
    it('says what each GPU cost and why it stood idle', async () => {
      const rows = rowsOf(await cp.admin.get(`${ADMIN}/gpu-hours?${WINDOW}&groupBy=region&interval=none`));
      expect(rows.map(({ region, billNano }) => [region, billNano])).toEqual([
        ['eu-west', '2400000000'],
        ['us-east', '2400000000'],
      ]);
      for (const { idle, billNano, sessionNano } of rows) {
        const parts = Object.values(idle as Record<string, { nano: string }>);
        expect(parts).toHaveLength(7);
        const idleNano = parts.reduce((sum, part) => sum + BigInt(part.nano), 0n);
        expect(BigInt(String(sessionNano)) + idleNano).toBe(BigInt(String(billNano)));
      }
    });

    it('says that it adds up, and where it would not', async () => {
      const { body } = await cp.admin.get(`${ADMIN}/conservation?${WINDOW}`);
      expect(body).toMatchObject({ checkedHours: 1, checkedGpuHours: 2, breaches: [] });
    });

    it('tells the cost of this moment from who is up', async () => {
      await cp.fleet.register();
      await cp.fleet.heartbeat(1);
      await acme.post('/v1/sessions', { model: 'gallery', rttMs: { 'us-east': 12 } });
      const { body } = await cp.admin.get(`${ADMIN}/live`);
      expect(body).toMatchObject({
        ...{ sessions: 1, slots: 2, gpus: 1, nanoPerHour: '2400000000', currency: 'GBP' },
        ...{ perUserHour: 1.2, perUserHourLoaded: 2.4, unreachableRegions: [] },
        byRegion: [{ region: 'us-east', sessions: 1 }],
        byModel: [{ model: 'gallery', perUserHour: 1.2 }],
      });
    });

    it('lists sessions that cost most, with the trace to follow them by', async () => {
      const rows = rowsOf(await cp.admin.get(`${ADMIN}/sessions/top?${WINDOW}&limit=1`));
      expect(rows).toMatchObject([
        { session, tenant: acme.tenantId, costNano: '600000000', traceId: `trace-${session}` },
      ]);
    });

    it('lists readings that were set aside', async () => {
      expect((await cp.admin.get(`${ADMIN}/set-aside`)).body).toMatchObject({ readings: [] });
      expectProblem(await cp.admin.get(`${ADMIN}/set-aside?reason=lost`), 400, 'invalid_request', 'reason');
    });

    it('lists jobs', async () => {
      const jobs = (await cp.admin.get(`${ADMIN}/jobs`)).body['jobs'] as Row[];
      const names = jobs.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['flush-meters', 'roll-up-usage', 'send-webhooks']));
    });
  });

  describe('economics', () => {
    it('tells what a user-hour cost against how full GPUs were', async () => {
      const rows = rowsOf(await cp.admin.get(`${ADMIN}/economics?${WINDOW}`));
      const east = rows.find(({ pool }) => String(pool).startsWith('us-east'));
      // 40 minutes of use in an hour of a GPU of two slots.
      expect(east).toMatchObject({ slotsPerGpu: 2, perUserHour: 1.2, currency: 'GBP', frames: 60_000 });
      expect(east?.['density']).toBeCloseTo(40 / 60, 9);
      expect(east?.['perUserHourLoaded']).toBeCloseTo(2.4 / (40 / 60), 9);
    });

    it('tells margins by tenant', async () => {
      const rows = rowsOf(await cp.admin.get(`${ADMIN}/margins?${WINDOW}&idle=own`));
      expect(rows.find(({ tenant }) => tenant === acme.tenantId)).toMatchObject({
        ...{ name: '=Acme', priceNano: '1800000000', costNano: '600000000', marginNano: '1200000000' },
        userHours: 0.5,
      });
    });

    it('answers what would have been', async () => {
      const window = { from: '2026-11-02T08:00:00.000Z', to: '2026-11-02T10:00:00.000Z' };
      const half = { ...window, gpuNanoPerHour: { h100: '1200000000' } };
      expect((await cp.admin.post(`${ADMIN}/what-if`, half)).body).toMatchObject({
        baseline: { costNano: '4800000000', gpuHours: 2 },
        scenario: { costNano: '2400000000' },
        differenceNano: '-2400000000',
      });
    });

    it.each([
      [{}, 'body'],
      [{ density: 0 }, 'density'],
      [{ spotShare: { share: 2, nanoPerGpuHour: '1' } }, 'spotShare.share'],
      [{ regionMix: { 'us-east': 0.5 } }, 'regionMix'],
      [{ gpuNanoPerHour: { h100: 'free' } }, 'gpuNanoPerHour.h100'],
      [{ regionMix: { 'us-west': 1 } }, 'regionMix.us-west'],
    ])('refuses to guess from %j', async (body, field) => {
      expectProblem(await cp.admin.post(`${ADMIN}/what-if`, body), 400, 'invalid_request', field);
    });
  });
});
