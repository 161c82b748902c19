// Limits of a session, each with its own word: what a client is told, ahead where that is possible, and what the record says.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstFrame } from '@meridian/embedded';
import { PlayRequest } from '@meridian/protocol';
import type { EndingSoon, Meridian, Session } from '@meridian/sdk';
import { connectionOf, openStream, protocols } from './support/stream.ts';
import {
  admin,
  client,
  modelName,
  newTenant,
  request,
  shared,
  until,
  type Target,
} from './support/system.ts';

const LIMIT_MS = 6_000;
/** What is put for a model is in force within 5 s. */
const IN_FORCE_MS = 8_000;
const TEST_MS = 60_000;

let target: Target;
let apiKey: string;
let meridian: Meridian;
let model: string;

beforeEach(async () => {
  target = shared();
  apiKey = await newTenant(target, 'limits');
  meridian = client(target, apiKey);
  model = await modelName(meridian);
});

afterEach(async () => {
  await admin(target, 'DELETE', `/admin/v1/models/${model}/policy`);
  for (const { id, state } of (await meridian.listSessions()).sessions) {
    if (state !== 'ended') await meridian.endSession(id);
  }
});

/** A session whose token says this limit. */
async function openLimited(limit: 'maxDurationMs' | 'idleMs') {
  await admin(target, 'PUT', `/admin/v1/models/${model}/policy`, { [limit]: LIMIT_MS });
  return until('the limit to be in force', IN_FORCE_MS, async () => {
    const session = await meridian.open({ model });
    const [, claims = ''] = connectionOf(session.info).token.split('.');
    const { mer } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      mer: Record<string, number>;
    };
    if (mer[limit] === LIMIT_MS) return session;
    await session.end();
    return false;
  });
}

describe('a session', () => {
  it(
    'that has lasted as long as it may is told so twice, and ends',
    async () => {
      const session = await openLimited('maxDurationMs');
      const told: EndingSoon[] = [];
      session.on('endingSoon', (soon) => told.push(soon));
      const end = await session.ended;
      expect(end.reason).toBe('duration_limit');
      expect(told.map(({ reason }) => reason)).toEqual(['duration_limit', 'duration_limit']);
      for (const { endsInMs } of told) expect(endsInMs).toBeLessThanOrEqual(LIMIT_MS / 5);
      expect(await meridian.getSession(session.id)).toMatchObject({
        state: 'ended',
        endReason: 'duration_limit',
      });
    },
    TEST_MS,
  );

  it(
    'that is left alone is told so, goes on with an action, and ends after the next silence',
    async () => {
      const session = await openLimited('idleMs');
      await firstFrame(session);
      const openedAtMs = performance.now();
      const warned = new Promise<EndingSoon>((resolve) => void session.on('endingSoon', resolve));
      expect(await warned).toMatchObject({ reason: 'idle' });
      session.send({ axes: { forward: 1 } });
      const end = await session.ended;
      expect(end.reason).toBe('idle');
      // The action came when most of the first silence was over, and a whole one followed.
      expect(performance.now() - openedAtMs).toBeGreaterThan(1.5 * LIMIT_MS);
      expect(await meridian.getSession(session.id)).toMatchObject({ state: 'ended', endReason: 'idle' });
    },
    TEST_MS,
  );

  it(
    'whose client sends a thousand actions at once loses its stream, and is held for it',
    async () => {
      const { body } = await request<Session>(target, apiKey, 'POST', '/v1/sessions', { model });
      const { streamUrl, token } = connectionOf(body);
      const stream = await openStream(streamUrl, protocols(token));
      await stream.firstMessage;
      for (let seq = 1; seq <= 1_000; seq += 1) {
        const action = { seq, clientTimeUs: 1, buttons: [], axes: {}, text: '' };
        const message = PlayRequest.fromPartial({ message: { $case: 'action', value: action } });
        stream.socket.send(PlayRequest.encode(message).finish());
      }
      expect(await stream.closed).toEqual({ code: 4008, reason: 'too_many_actions' });
      const again = await openStream(streamUrl, protocols(token));
      await again.firstMessage;
      again.socket.close();
    },
    TEST_MS,
  );
});
