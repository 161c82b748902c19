// Deliveries through a real BullMQ queue to a real server: tried again after a failure, sent once by two replicas, and
// found again after the queue's Redis lost everything.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IN_FLIGHT_MAX,
  makeDeliverWebhook,
  makeManageWebhooks,
  makeSendDueWebhooks,
  type DeliverWebhook,
} from '@meridian/application';
import { FakeRecord, FakeWebhooks, tenantId } from '@meridian/testkit';
import { createLogger } from '@meridian/telemetry';
import { Redis } from 'ioredis';
import { createControlPlaneMetrics } from '../metrics.ts';
import { systemClock, systemDraw } from '../system.ts';
import { startHookReceiver, type HookReceiver } from '../testing/hook-receiver.ts';
import { PostWebhook } from './post-webhook.ts';
import { WebhookQueue } from './webhook-queue.ts';

const ACME = tenantId('acme');

function testRedisUrl(): string {
  const given = process.env['TEST_REDIS_URL'];
  if (given === undefined) throw new Error('set TEST_REDIS_URL to the URL of a Redis to test with');
  return new URL('/10', given).href;
}

describe('WebhookQueue', () => {
  const redisUrl = testRedisUrl();
  let redis: Redis;
  let receiver: HookReceiver;
  let store: FakeWebhooks;
  let deliver: DeliverWebhook;
  let queues: WebhookQueue[];
  let onDone: () => void;

  const start = (): WebhookQueue => {
    const deliveries = createControlPlaneMetrics().webhookDeliveries;
    const told: DeliverWebhook = async (deliveryId) => {
      const outcome = await deliver(deliveryId);
      onDone();
      // The schedule's five seconds would only make the test slow.
      return outcome.kind === 'failed' ? { ...outcome, retryInMs: 20 } : outcome;
    };
    const queue = new WebhookQueue({ redisUrl, deliver: told, deliveries, logger: createLogger('test', {}) });
    queue.start();
    queues.push(queue);
    return queue;
  };
  /** Feeds the queue from the record, as the job does. */
  const feed = (queue: WebhookQueue) =>
    makeSendDueWebhooks({ webhooks: store, clock: systemClock, deliver, enqueue: (due) => queue.add(due) })();
  const emit = (eventId: string) =>
    store.emit({ eventId, type: 'budget.alert', tenantId: ACME, atMs: Date.now() - 1, data: {} });
  const until = (isSo: () => Promise<boolean>) =>
    new Promise<void>((resolve) => {
      onDone = () => void isSo().then((so) => so && resolve());
      onDone();
    });

  beforeEach(async () => {
    redis = new Redis(redisUrl);
    await redis.flushdb();
    receiver = await startHookReceiver();
    store = new FakeWebhooks(new FakeRecord());
    queues = [];
    onDone = () => undefined;
    const sender = new PostWebhook({ allowPrivate: true, timeoutMs: 300 });
    // Attempts are due at once here; how long to wait between them is the domain's, and tested there.
    const clock = { nowMs: () => systemClock.nowMs() + attempts * 100_000_000 };
    let attempts = 0;
    const ports = { webhooks: store, sender, clock, draw: systemDraw };
    const once = makeDeliverWebhook(ports);
    deliver = async (deliveryId) => {
      const outcome = await once(deliveryId);
      if (outcome.kind === 'failed') attempts += 1;
      return outcome;
    };
    const manage = makeManageWebhooks({ ...ports, deliver });
    await manage.create({ tenantId: ACME, url: `http://127.0.0.1:${receiver.port}/` });
  });
  afterEach(async () => {
    await Promise.all(queues.map((queue) => queue.close()));
    await receiver.close();
    await redis.quit();
  });

  const statuses = async () => {
    const [webhook] = await store.list('all');
    const all = webhook ? await store.deliveries(webhook.webhookId, 100) : [];
    return all.map(({ status, attempts }) => `${status} ${attempts}`);
  };

  it('tries again what failed: slow, broken, away, then there', async () => {
    const answers: ((reply: Parameters<HookReceiver['answer']>[1]) => void)[] = [
      () => undefined,
      (reply) => void reply.writeHead(500).end(),
      (reply) => void reply.destroy(),
      (reply) => void reply.writeHead(302, { location: '/' }).end(),
      (reply) => void reply.writeHead(200).end('ok'),
    ];
    receiver.answer = (_hook, reply) => answers.shift()?.(reply);
    await emit('e1');
    await feed(start());
    await until(async () => (await statuses())[0] === 'delivered 5');
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([5, 1]);
  });

  it('sends each event once, with two replicas that both feed the queue', async () => {
    const both = [start(), start()];
    for (let i = 0; i < 30; i += 1) await emit(`e${i}`);
    await Promise.all(both.flatMap((queue) => [feed(queue), feed(queue)]));
    await until(async () => (await statuses()).every((status) => status === 'delivered 1'));
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(30);
    expect(receiver.received).toHaveLength(30);
  });

  it('does not keep a good receiver waiting for a slow one', async () => {
    const slow = await startHookReceiver();
    slow.answer = () => undefined;
    const sender = new PostWebhook({ allowPrivate: true, timeoutMs: 300 });
    const manage = makeManageWebhooks({
      ...{ webhooks: store, sender, deliver, clock: systemClock, draw: systemDraw },
    });
    await manage.create({ tenantId: ACME, url: `http://127.0.0.1:${slow.port}/` });
    for (let i = 0; i < 100; i += 1) await emit(`e${i}`);
    const queue = start();
    await feed(queue);
    // One feed is enough for the webhook that answers; the slow one has eight attempts under way.
    await receiver.reach(100);
    expect(slow.received.length).toBeLessThanOrEqual(2 * IN_FLIGHT_MAX);
    await slow.close();
  });

  it('goes on after its Redis has lost everything', async () => {
    const queue = start();
    await emit('e1');
    await feed(queue);
    await receiver.reach(1);
    await redis.flushdb();
    await emit('e2');
    await feed(queue);
    await receiver.reach(2);
  });
});
