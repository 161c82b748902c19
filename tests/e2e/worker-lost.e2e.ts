// In a system of its own where nothing is started again, so that what a death leaves can be seen.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstFrame, progressTo, startThrowAway, type ThrowAway } from '@meridian/embedded';
import type { Frame, MeridianSession } from '@meridian/sdk';
import { client, modelName, newTenant, request, until, workers, type Target } from './support/system.ts';
import type { Session } from '@meridian/sdk';

const START_MS = 60_000;
const NOTICED_MS_MAX = 3_000;

let system: ThrowAway;
let target: Target;
let apiKey: string;

beforeAll(async () => {
  system = await startThrowAway({ build: false, restart: false, progress: progressTo(process.stderr) });
  target = { url: system.url, adminKey: system.secrets.adminKey };
  apiKey = await newTenant(target, 'worker lost');
}, START_MS);

afterAll(async () => {
  expect(await system.remove()).toBe(0);
}, START_MS);

const heard = <Payload>(
  session: MeridianSession,
  event: 'migrating' | 'migrated' | 'frame',
): Promise<Payload> => new Promise((resolve) => session.on(event, (payload) => resolve(payload as Payload)));

describe('a worker that is killed', () => {
  it('is noticed, its session moves on with rising frames, and its slots are not offered', async () => {
    const meridian = client(target, apiKey);
    const model = await modelName(meridian);
    const session = await meridian.open({ model, format: { codec: 'raw-rgb', width: 64, height: 36 } });
    await firstFrame(session);
    const numbers: number[] = [];
    session.on('frame', (frame: Frame) => numbers.push(frame.number));
    const lostId = session.info.placement?.workerId ?? '';
    const pid = system.pidOf(`worker-${lostId}`);

    const migrating = heard(session, 'migrating');
    const migrated = heard(session, 'migrated');
    process.kill(pid ?? NaN, 'SIGKILL');
    await until('the worker to be told as lost', NOTICED_MS_MAX, async () => {
      const worker = (await workers(target)).find(({ id }) => id === lostId);
      return worker?.health === 'lost';
    });
    await Promise.all([migrating, migrated]);
    const frame = await heard<Frame>(session, 'frame');
    expect(frame).toMatchObject({ codec: 'raw-rgb', width: 64, height: 36 });
    expect(frame.image.length).toBe(64 * 36 * 3);
    expect(session.epoch).toBeGreaterThan(1);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const record = await meridian.getSession(session.id);
    expect(record.placement?.workerId).not.toBe(lostId);

    const others: Session[] = [];
    for (let open = 0; open < 6; open += 1) {
      others.push((await request<Session>(target, apiKey, 'POST', '/v1/sessions', { model })).body);
    }
    expect(others.map(({ state }) => state)).toEqual([...Array<string>(5).fill('reserved'), 'queued']);
    expect(others.map(({ placement }) => placement?.workerId)).not.toContain(lostId);
    for (const { id } of others) await meridian.endSession(id);

    const { reason, usage } = await session.end();
    expect(reason).toBe('client_ended');
    // What both workers served is paid for, once.
    expect(usage).toMatchObject({ final: true });
    expect(usage?.frames).toBeGreaterThanOrEqual(numbers.length);
  }, 60_000);

  it('and no other is left: the client is told that the session has ended', async () => {
    const meridian = client(target, apiKey);
    const session = await meridian.open({ model: await modelName(meridian) });
    await firstFrame(session);
    for (const { id, health } of await workers(target)) {
      if (health !== 'lost') process.kill(system.pidOf(`worker-${id}`) ?? NaN, 'SIGKILL');
    }
    const end = await session.ended;
    expect(end.reason).toBe('worker_lost');
    expect(await meridian.getSession(session.id)).toMatchObject({ state: 'ended', endReason: 'worker_lost' });
  }, 60_000);
});
