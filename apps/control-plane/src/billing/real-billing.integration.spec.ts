// The billing routes on real PostgreSQL and Redis, jobs included: usage to invoice line by trace id, and an event from a
// session's end to a webhook's receiver.
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionActivity } from '@meridian/protocol/worker';
import { US_EAST, aRate } from '@meridian/testkit';
import type { Role } from '../config.ts';
import { play, settle, workerUp } from '../testing/billed-fleet.ts';
import { startHookReceiver, type HookReceiver } from '../testing/hook-receiver.ts';
import type { HttpCaller } from '../testing/http-caller.ts';
import { openRealStores, type RealStores } from '../testing/real-stores.ts';
import { startRealControlPlane, type TestControlPlane } from '../testing/test-control-plane.ts';

const HOUR_MS = 3_600_000;
/** A database is made and migrated for each test. */
const SLOW_MS = 30_000;
const ADMIN = '/admin/v1/billing';
const OWN = '/v1/billing';
type Row = Readonly<Record<string, unknown>>;

describe('billing on real stores', () => {
  let real: RealStores;
  let cp: TestControlPlane;
  let acme: HttpCaller & { readonly tenantId: string };
  let receiver: HookReceiver;

  beforeEach(async () => {
    real = await openRealStores([8, 9]);
    receiver = await startHookReceiver();
  }, SLOW_MS);
  afterEach(async () => {
    await cp.close();
    await real.drop();
    await receiver.close();
  });

  const start = async (...roles: readonly Role[]) => {
    cp = await startRealControlPlane({ ...real.config, roles: new Set(roles) }, real.stores);
    acme = await cp.tenant('Acme');
  };

  it(
    'follows usage from a session to a line of the invoice, and adds up to the bill on the way',
    async () => {
      // Its jobs would do the same at the same time.
      await start('api');
      const { stores } = real;
      const hourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
      const period = new Date(hourMs).toISOString().slice(0, 7);
      await stores.usage.addRate(aRate());
      const tiers = [{ nanoPerUnit: '1000000' }];
      const plan = { name: 'standard', currency: 'GBP', effectiveFrom: '2026-01-01T00:00:00.000Z' };
      const made = await cp.admin.post(`${ADMIN}/plans`, {
        ...{ ...plan, lines: [{ unit: 'active_second', mode: 'graduated', tiers }] },
      });
      expect(made.status).toBe(201);
      await workerUp(stores, US_EAST, hourMs);
      const begun = { tenant: acme.tenantId, region: US_EAST, startMs: hourMs + 60_000 };
      const session = await play(stores, { ...begun, ms: 1_800_000 });
      await settle(stores, { nowMs: () => Date.now() });

      const window = `from=${new Date(hourMs).toISOString()}&to=${new Date(hourMs + HOUR_MS).toISOString()}`;
      const usage = await cp.admin.get(`${ADMIN}/usage?${window}&groupBy=tenant&interval=none&idle=by_cost`);
      expect(usage.body['rows']).toMatchObject([
        {
          ...{ tenant: acme.tenantId, activeMs: 1_800_000, costNano: '600000000', idleNano: '1800000000' },
          priceNano: '1800000000',
        },
      ]);
      const conserved = await cp.admin.get(`${ADMIN}/conservation?${window}`);
      expect(conserved.body).toMatchObject({ checkedHours: 1, breaches: [] });

      const top = (await cp.admin.get(`${ADMIN}/sessions/top?${window}`)).body['rows'] as Row[];
      expect(top).toMatchObject([{ session, traceId: `trace-${session}`, costNano: '600000000' }]);
      const preview = (await acme.get(`${OWN}/invoices/preview?period=${period}`)).body;
      expect(preview).toMatchObject({ totalNano: '1800000000', lines: [{ kind: 'usage', quantity: 1_800 }] });
      const [line] = preview['lines'] as Row[];
      const ledger = (await acme.get(`${OWN}/ledger?period=${period}`)).body['transfers'] as Row[];
      expect(ledger).toMatchObject([{ hour: new Date(hourMs).toISOString(), amountNano: '1800000000' }]);
      expect(line?.['transferIds']).toEqual(ledger.map(({ id }) => id));

      const focus = (await cp.admin.get(`${ADMIN}/focus.csv?${window}`)).text.trimEnd().split('\r\n');
      expect(focus.length).toBeGreaterThan(2);
      const topUp = await cp.admin.post(
        `${ADMIN}/tenants/${acme.tenantId}/wallet/top-ups`,
        { amountNano: '1800000000', currency: 'GBP' },
        { 'idempotency-key': 'pay-1' },
      );
      expect(topUp.status).toBe(201);
      expect((await acme.get(`${OWN}/wallet`)).body).toMatchObject({ balances: [{ owedNano: '0' }] });
    },
    SLOW_MS,
  );

  it(
    'tells a webhook that a session has ended, signed, once',
    async () => {
      await start('api', 'jobs');
      const url = `http://127.0.0.1:${receiver.port}/`;
      const { id, secret } = (await acme.post(`${OWN}/webhooks`, { url, events: ['session.ended'] })).body;
      await cp.fleet.register();
      await cp.fleet.heartbeat(1);
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const asked = { model: 'gallery', rttMs: { 'us-east': 12 } };
      const session = (await acme.post('/v1/sessions', asked, { traceparent })).body['id'];
      const report = {
        sessionId: String(session),
        epoch: 1,
        seq: 2,
        activeMs: 1_000,
        frames: 25,
        lateFrames: 0,
      };
      await cp.fleet.heartbeat(2, [{ ...report, activity: SessionActivity.ACTIVE }]);
      await acme.delete(`/v1/sessions/${session}`);
      await receiver.reach(1);
      const [hook] = receiver.received;
      expect(JSON.parse(hook?.body ?? '')).toMatchObject({
        ...{ type: 'session.ended', tenant: acme.tenantId },
        data: { session, reason: 'client_ended', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
      });
      const signed = `${hook?.headers['webhook-id']}.${hook?.headers['webhook-timestamp']}.${hook?.body}`;
      const key = Buffer.from(String(secret).replace('whsec_', ''), 'base64');
      const signature = createHmac('sha256', key).update(signed).digest('base64');
      expect(hook?.headers['webhook-signature']).toBe(`v1,${signature}`);
      const delivered = async () =>
        (await acme.get(`${OWN}/webhooks/${id}/deliveries?status=delivered`)).body['deliveries'] as Row[];
      while ((await delivered()).length === 0) await new Promise(setImmediate);
      expect(receiver.received).toHaveLength(1);
      const jobs = (await cp.admin.get(`${ADMIN}/jobs`)).body['jobs'] as Row[];
      expect(jobs.find(({ name }) => name === 'send-webhooks')).toMatchObject({ failed: 0, waiting: 0 });
    },
    SLOW_MS,
  );
});
