// Sessions end in many ways; the database tells of each once, in the transaction that ends it.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { BillingEventType } from '@meridian/application';
import { decide, evolveAll, type WebhookId } from '@meridian/domain';
import { aRequest, aSession, aTenant, end, reserve, tenantId } from '@meridian/testkit';
import { openRecord, type RecordFixture } from '../testing/fixture.ts';

const T0 = 1_000_000;
const HOOK = 'whk_a' as WebhookId;

let fixture: RecordFixture;
beforeAll(async () => {
  fixture = await openRecord();
});
afterAll(() => fixture.drop());
beforeEach(async () => {
  await fixture.clear();
  await fixture.tenants.createTenant(aTenant());
});

const listen = (events: readonly BillingEventType[], tenant = 'acme') =>
  fixture.webhooks.create(
    {
      ...{ webhookId: HOOK, tenantId: tenantId(tenant), url: 'https://example.org/', events, createdAtMs: 0 },
    },
    'whsec_a',
  );
const endSession = async (metadata: Record<string, string> = {}) => {
  const request = aRequest({ metadata, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
  const { session, events } = aSession(request, T0, reserve(T0));
  await fixture.sessions.create(session, events, undefined);
  const ended = decide(end(T0 + 1), session);
  await fixture.sessions.append(evolveAll(session, ended), ended, session.eventCount);
};
const told = async () => {
  const [due] = await fixture.webhooks.due(T0 + 10, 10);
  return due && fixture.webhooks.claim(due.deliveryId, T0 + 10);
};

it('tells when a session has ended, why, and by which trace it can be followed', async () => {
  await listen(['session.ended']);
  await endSession();
  expect(await told()).toMatchObject({
    delivery: { eventId: 'session.ended:ses_1', type: 'session.ended', createdAtMs: T0 + 1 },
    tenantId: 'ten_acme',
    data: {
      ...{ session: 'ses_1', model: 'gallery', reason: 'client_ended', epoch: 1 },
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  });
});

it('ends a session whose metadata no index can hold, and tells that too', async () => {
  await listen(['session.ended']);
  await endSession({ note: '\u0000\ud800' });
  expect(await told()).toMatchObject({ data: { session: 'ses_1', epoch: 1 } });
});

it('keeps nothing when nobody asked to be told', async () => {
  await listen(['budget.alert']);
  await endSession();
  const { rows } = await fixture.database.query('SELECT FROM billing_events');
  expect(rows).toEqual([]);
});
