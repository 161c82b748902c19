// What a session's client sees when what it runs on is drained, stopped, told to end or killed. In a system of its own where
// nothing is started again, so that one fault leaves what the next one finds; us-east has the first ones, eu-west the last.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { progressTo, startThrowAway, type ThrowAway } from '@meridian/embedded';
import { tcpProxy, type TcpProxy } from '../../apps/gateway/src/testing/tcp-proxy.ts';
import { WatchedSession } from '../support/watched-session.ts';
import { attachDirectly } from './support/direct-attach.ts';
import { connectionOf, openStream, protocols } from './support/stream.ts';
import {
  admin,
  client,
  modelName,
  newTenant,
  request,
  until,
  workers,
  type Target,
} from './support/system.ts';
import type { Session } from '@meridian/sdk';

const START_MS = 120_000;
const TEST_MS = 120_000;
/** A machine with ten times the work that it can do at once still answers within this. */
const MOVED_MS = 30_000;
const GHOST_MS_MAX = 35_000;
const HEAD_START_MS = 4_000;

let system: ThrowAway;
let target: Target;
let apiKey: string;
let model: string;
let ghost: { readonly id: string; readonly frozenAtMs: number; readonly wire: TcpProxy };

beforeAll(async () => {
  const progress = progressTo(process.stderr);
  system = await startThrowAway({ build: false, restart: false, progress });
  target = { url: system.url, adminKey: system.secrets.adminKey };
  apiKey = await newTenant(target, 'moves');
  model = await modelName(client(target, apiKey));
  ghost = await vanish();
}, START_MS);

afterAll(async () => {
  ghost?.wire.close();
  expect(await system.remove()).toBe(0);
}, START_MS);

/** A client whose host loses its power in mid-stream: nobody closes its connection. */
async function vanish() {
  const rttMs = { 'us-east': 500, 'eu-west': 1 };
  const { body } = await request<Session>(target, apiKey, 'POST', '/v1/sessions', { model, rttMs });
  const { streamUrl, token } = connectionOf(body);
  const wire = await tcpProxy(new URL(streamUrl).host);
  const stream = await openStream(`ws://${wire.address}/v1/play`, protocols(token));
  await stream.firstMessage;
  wire.freeze();
  return { id: body.id, frozenAtMs: Date.now(), wire };
}

async function play(region: string): Promise<WatchedSession> {
  const rttMs = { 'us-east': 500, 'eu-west': 500, [region]: 1 };
  const session = await WatchedSession.open(target.url, apiKey, { model, rttMs });
  // Long enough for the gateway to have a checkpoint.
  await session.plays(40);
  return session;
}

const workerOf = async ({ session }: WatchedSession): Promise<string> =>
  (await client(target, apiKey).getSession(session.id)).placement?.workerId ?? '';

const pid = (name: string): number => system.pidOf(name) ?? NaN;

/** The process behind the gateway that the newest frame came through. */
function gatewayOf({ last, session }: WatchedSession): string {
  const base = Number(new URL(target.url).port) + (session.region === 'us-east' ? 10 : 20);
  const number = (Number(last?.gateway.split(':')[1]) - base) / 2 + 1;
  return `gateway-${session.region}-${number}`;
}

const movesOn = (session: WatchedSession) => {
  const epoch = session.last?.epoch ?? 0;
  return session.until('frames from another worker', MOVED_MS, (frame) => frame.epoch > epoch);
};

const comesBack = (session: WatchedSession) => {
  const socket = session.last?.socket ?? 0;
  return session.until('frames over another stream', MOVED_MS, (frame) => frame.socket > socket);
};

/** Numbers rose all along, and no frame of an epoch came after one of a higher epoch. */
function expectInOrder({ frames, repeated, lost }: WatchedSession): void {
  expect({ repeated, lost }).toEqual({ repeated: 0, lost: undefined });
  const epochs = frames.map(({ epoch }) => epoch);
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
}

const isGone = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return false;
  } catch {
    return true;
  }
};

async function drain(workerId: string, isDraining: boolean): Promise<void> {
  await admin(target, 'POST', `/admin/v1/workers/${workerId}/drain`, { drain: isDraining });
}

describe('a worker', () => {
  it(
    'that is drained hands its sessions over, and is empty then',
    async () => {
      const sessions = [await play('us-east'), await play('us-east')];
      const places = await Promise.all(sessions.map(workerOf));
      const [drained = ''] = places;
      await drain(drained, true);
      await Promise.all(sessions.filter((_each, index) => places[index] === drained).map(movesOn));
      await until('the drained worker to be empty', MOVED_MS, async () => {
        const worker = (await workers(target)).find(({ id }) => id === drained);
        return worker?.health === 'draining' && worker.usedSlots === 0;
      });
      for (const session of sessions) {
        expect(await workerOf(session)).not.toBe(drained);
        await session.plays(10);
        expectInOrder(session);
        const { usage } = await session.end();
        // A hand-over loses no report: what was received was counted.
        expect(usage?.frames).toBeGreaterThanOrEqual(session.frames.length);
      }
      await drain(drained, false);
      await until(`${drained} to be taken back`, MOVED_MS, async () =>
        (await workers(target)).some(({ id, health }) => id === drained && health === 'ready'),
      );
    },
    TEST_MS,
  );

  it(
    'that comes back from the dead can neither serve nor bill',
    async () => {
      const session = await play('us-east');
      const openedAtMs = Date.now();
      const before = connectionOf(session.session.info);
      const zombie = await workerOf(session);
      process.kill(pid(`worker-${zombie}`), 'SIGSTOP');
      try {
        await movesOn(session);
      } finally {
        process.kill(pid(`worker-${zombie}`), 'SIGCONT');
      }
      const { epoch } = session.last ?? { epoch: 0 };
      await until('the zombie to report again', MOVED_MS, async () =>
        (await workers(target)).some(({ id, health }) => id === zombie && health === 'ready'),
      );
      await session.plays(50);
      expect(session.last?.epoch).toBe(epoch);
      expectInOrder(session);
      // Whoever still has the old token, and dials it there himself, is sent away.
      expect(await attachDirectly(before.token)).toMatchObject({ code: 7, meridianCode: 'epoch_fenced' });
      const end = await session.end();
      const playedMs = Date.now() - openedAtMs;
      expect(end.usage?.final).toBe(true);
      // It had played a while before the clock was read.
      expect(end.usage?.activeMs).toBeLessThan(playedMs + HEAD_START_MS);
      expect(end.usage?.frames).toBeLessThan(session.frames.length + 40);
    },
    TEST_MS,
  );

  it(
    'that is told to end hands its sessions over first',
    async () => {
      const session = await play('us-east');
      const leaving = await workerOf(session);
      const processId = pid(`worker-${leaving}`);
      process.kill(processId, 'SIGTERM');
      await movesOn(session);
      await until('its process to end', MOVED_MS, () => Promise.resolve(isGone(processId)));
      await session.plays(10);
      expect(await workerOf(session)).not.toBe(leaving);
      expectInOrder(session);
      await session.end();
    },
    TEST_MS,
  );
});

describe('a gateway', () => {
  it(
    'that hangs is left for another one',
    async () => {
      const session = await play('us-east');
      const { epoch } = session.last ?? {};
      const hung = gatewayOf(session);
      process.kill(pid(hung), 'SIGSTOP');
      try {
        await comesBack(session);
        await session.plays(20);
        expect(gatewayOf(session)).not.toBe(hung);
      } finally {
        process.kill(pid(hung), 'SIGCONT');
      }
      await session.plays(25);
      expect(session.last?.epoch).toBe(epoch);
      expectInOrder(session);
      await session.end();
    },
    TEST_MS,
  );

  it(
    'that is told to end leaves its sessions to another one, on the same worker',
    async () => {
      const session = await play('us-east');
      const { epoch } = session.last ?? {};
      const ended = gatewayOf(session);
      const processId = pid(ended);
      process.kill(processId, 'SIGTERM');
      await comesBack(session);
      await until('its process to end', MOVED_MS, () => Promise.resolve(isGone(processId)));
      await session.plays(10);
      expect(gatewayOf(session)).not.toBe(ended);
      expect(session.last?.epoch).toBe(epoch);
      expectInOrder(session);
      await session.end();
    },
    TEST_MS,
  );
});

describe('a client that vanished', () => {
  it(
    'gives its slot back within 35 s, though its connection was never closed',
    async () => {
      const record = await until('the ghost to end', 60_000, async () => {
        const session = await client(target, apiKey).getSession(ghost.id);
        return session.state === 'ended' && session;
      });
      expect(record.endReason).toBe('client_lost');
      expect(Date.parse(record.endedAt ?? '') - ghost.frozenAtMs).toBeLessThan(GHOST_MS_MAX);
    },
    TEST_MS,
  );
});

describe('with the control plane and every store gone', () => {
  it(
    'a session that had moved survives `kill -9` of its gateway',
    async () => {
      const session = await play('eu-west');
      // From here on the token of the open leads to a worker that does not have the session any more.
      await drain(await workerOf(session), true);
      await movesOn(session);
      await session.plays(25);
      const { epoch } = session.last ?? {};
      for (const name of ['control-plane', 'postgres', 'redis-us-east', 'redis-eu-west']) {
        process.kill(pid(name), 'SIGKILL');
      }
      process.kill(pid(gatewayOf(session)), 'SIGKILL');
      await comesBack(session);
      await session.plays(50);
      expect(session.last?.epoch).toBe(epoch);
      expectInOrder(session);
      // Nobody is left who could be asked to end it.
      await Promise.race([session.end().catch(() => undefined), delay(0)]);
    },
    TEST_MS,
  );
});
