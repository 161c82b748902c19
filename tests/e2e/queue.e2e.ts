import { describe, expect, it } from '@jest/globals';
import type { Session } from '@meridian/sdk';
import {
  client,
  modelName,
  newTenant,
  request,
  shared,
  until,
  untilNoSlotIsHeld,
  usedSlots,
  workers,
} from './support/system.ts';

const READY_MS_MAX = 60_000;
const TEST_MS = 90_000;

describe('a full house', () => {
  it(
    'queues with a position, and gives the freed slot to whoever is first',
    async () => {
      const target = shared();
      const apiKey = await newTenant(target, 'full house');
      const meridian = client(target, apiKey);
      const body = { model: await modelName(meridian) };
      const open = async () => (await request<Session>(target, apiKey, 'POST', '/v1/sessions', body)).body;
      // Others have just killed workers, and a machine that was busy then may have made one late: such a seat cannot be had.
      await until('every worker to take sessions', READY_MS_MAX, async () =>
        (await workers(target)).every(({ health }) => health === 'ready'),
      );
      const slots = (await workers(target)).reduce((sum, worker) => sum + worker.slots, 0);
      await untilNoSlotIsHeld(target);

      const seated: Session[] = [];
      for (let seat = 0; seat < slots; seat += 1) seated.push(await open());
      expect(seated.map(({ state }) => state)).toEqual(seated.map(() => 'reserved'));
      const [next, last] = [await open(), await open()];
      expect(next).toMatchObject({ state: 'queued', queue: { position: 1 } });
      expect(last).toMatchObject({ state: 'queued', queue: { position: 2 } });
      expect(next.queue?.etaMs).toBeGreaterThan(0);
      expect(next.connection).toBeUndefined();
      expect(await usedSlots(target)).toBe(slots);

      const [freed, ...others] = seated;
      await meridian.endSession(freed?.id ?? '');
      const called = await until('the first in the queue to get the slot', 5_000, async () => {
        const session = await meridian.getSession(next.id);
        return session.state === 'reserved' && session;
      });
      expect(called.placement).toMatchObject({
        workerId: freed?.placement?.workerId,
        slot: freed?.placement?.slot,
      });
      expect(called.connection?.token).toBeDefined();
      const waiting = await until('the other one to move up', 5_000, async () => {
        const session = await meridian.getSession(last.id);
        return session.queue?.position === 1 && session;
      });
      expect(waiting.state).toBe('queued');

      await meridian.endSession(last.id);
      for (const { id } of [next, ...others]) await meridian.endSession(id);
      await until('all slots to be free', 5_000, async () => (await usedSlots(target)) === 0);
    },
    TEST_MS,
  );
});
