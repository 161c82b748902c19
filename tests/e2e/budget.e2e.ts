// A prepaid tenant plays for what it has paid in: its client is told ahead, its worker ends the session to the second, and
// nobody plays for nothing afterwards.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { firstFrame } from '@meridian/embedded';
import type { EndingSoon, Meridian } from '@meridian/sdk';
import { admin, client, modelName, request, shared, until, type Target } from './support/system.ts';

const NANO_PER_SECOND = 1_000_000_000;
const PAID_S = 8;
/** A frame under way, and a machine that is busy. */
const BEYOND_MS_MAX = 400;
const TEST_MS = 60_000;

let target: Target;
let tenant: string;
let apiKey: string;
let meridian: Meridian;
let model: string;

beforeEach(async () => {
  target = shared();
  const made = await admin<{ id: string }>(target, 'POST', '/admin/v1/tenants', { name: 'prepaid' });
  tenant = made.body.id;
  const keys = `/admin/v1/tenants/${tenant}/api-keys`;
  apiKey = (await admin<{ secret: string }>(target, 'POST', keys, { name: 'test' })).body.secret;
  meridian = client(target, apiKey);
  model = await modelName(meridian);
  const line = {
    unit: 'active_second',
    mode: 'graduated',
    tiers: [{ nanoPerUnit: String(NANO_PER_SECOND) }],
  };
  const plan = { name: 'a pound a second', tenant, currency: 'GBP', billing: 'prepaid', lines: [line] };
  expect((await admin(target, 'POST', '/admin/v1/billing/plans', plan)).status).toBe(201);
});

async function payIn(seconds: number): Promise<void> {
  const response = await fetch(`${target.url}/admin/v1/billing/tenants/${tenant}/wallet/top-ups`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${target.adminKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      amountNano: String(seconds * NANO_PER_SECOND),
      currency: 'GBP',
      reason: 'paid in for a test',
    }),
  });
  expect(response.status).toBe(201);
}

const openByHand = () =>
  request<{ code: string; detail: string }>(target, apiKey, 'POST', '/v1/sessions', { model });

describe('a prepaid tenant', () => {
  it('opens nothing while its wallet is empty, and is told what to do', async () => {
    const { status, body } = await openByHand();
    expect(status).toBe(402);
    expect(body.code).toBe('budget_exhausted');
    expect(body.detail).toMatch('top the wallet up');
  });

  it(
    'plays what it has paid for, told so twice, and no longer',
    async () => {
      await payIn(PAID_S);
      const session = await meridian.open({ model });
      const told: EndingSoon[] = [];
      session.on('endingSoon', (soon) => told.push(soon));
      const end = await session.ended;
      expect(end.reason).toBe('budget_exhausted');
      expect(told.map(({ reason }) => reason)).toEqual(['budget_exhausted', 'budget_exhausted']);
      const usage = await until('the final usage', 10_000, async () => {
        const found = await meridian.usage(session.id);
        return found.final && found;
      });
      expect(usage.activeMs).toBeGreaterThanOrEqual(PAID_S * 1_000);
      expect(usage.activeMs).toBeLessThanOrEqual(PAID_S * 1_000 + BEYOND_MS_MAX);
      expect((await openByHand()).status).toBe(402);
    },
    TEST_MS,
  );

  it(
    'that pays in while it plays goes on',
    async () => {
      await payIn(PAID_S);
      const session = await meridian.open({ model });
      await firstFrame(session);
      await payIn(100);
      const isPast = async () => (await meridian.usage(session.id)).activeMs > PAID_S * 1_000;
      await until('more than was paid for first', 20_000, isPast);
      expect((await meridian.getSession(session.id)).state).toBe('active');
      expect((await session.end()).reason).toBe('client_ended');
    },
    TEST_MS,
  );
});
