import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { PlayRequest } from '@meridian/protocol';
import { FleetServiceClient, RegisterRequest } from '@meridian/protocol/worker';
import type { Session } from '@meridian/sdk';
import {
  client,
  fleetAddress,
  modelName,
  newTenant,
  request,
  shared,
  until,
  untilNoSlotIsHeld,
  usedSlots,
  workers,
  type Target,
} from './support/system.ts';
import { connectionOf, openStream, protocols, refusedUpgrade } from './support/stream.ts';

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string }[];
}

let target: Target;
let apiKey: string;
let model: string;

const openSession = (body: unknown, key = apiKey, headers: Record<string, string> = {}) =>
  request<Problem & Session>(target, key, 'POST', '/v1/sessions', body, headers);

beforeAll(() => untilNoSlotIsHeld(shared()), 40_000);

beforeEach(async () => {
  target = shared();
  apiKey = await newTenant(target, 'bad input');
  model = await modelName(client(target, apiKey));
});

/** Nothing leaked: no slot is held, and no session of the tenant is left half open. */
afterEach(async () => {
  await until('the slot to be free again', 4_000, async () => (await usedSlots(target)) === 0);
  const { sessions } = await client(target, apiKey).listSessions();
  expect(sessions.filter(({ state }) => state !== 'ended')).toEqual([]);
});

describe('opening a session', () => {
  const entries = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_unused, index) => [`key-${index}`, 'value']));

  it.each([
    ['an unknown model', { model: 'no-such-model' }, 422, 'unknown_model'],
    ['an unknown version', { modelVersion: 'no-such-version' }, 422, 'unknown_model'],
    ['no residency that we have', { residency: 'mars' }, 400, 'invalid_request'],
    [
      'a round trip that no region can have',
      { rttMs: { 'us-east': 90, 'eu-west': 90 }, maxRttMs: 5 },
      422,
      'no_eligible_region',
    ],
    [
      'residency in a region too far away',
      { residency: 'eu', rttMs: { 'us-east': 5, 'eu-west': 300 }, maxRttMs: 50 },
      422,
      'no_eligible_region',
    ],
    ['a negative round trip', { rttMs: { 'us-east': -1 } }, 400, 'invalid_request'],
    ['an absurd round trip', { rttMs: { 'us-east': 1e9 } }, 400, 'invalid_request'],
    ['a round trip in words', { rttMs: { 'us-east': 'near' } }, 400, 'invalid_request'],
    ['a metadata value that is too long', { metadata: { key: 'x'.repeat(513) } }, 400, 'invalid_request'],
    ['a metadata key that is too long', { metadata: { ['k'.repeat(65)]: 'x' } }, 400, 'invalid_request'],
    ['too many metadata entries', { metadata: entries(17) }, 400, 'invalid_request'],
    ['metadata that is no text', { metadata: { key: 7 } }, 400, 'invalid_request'],
    ['a field that does not exist', { regoin: 'us-east' }, 400, 'invalid_request'],
  ])('with %s is refused', async (_name, change, status, code) => {
    const answer = await openSession({ model, ...change });
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.detail).not.toBe('');
  });

  it.each([
    ['no key', () => '', 401, 'api_key_missing'],
    ['a wrong key', () => `mk_${'a'.repeat(52)}`, 401, 'api_key_invalid'],
  ])('with %s is refused', async (_name, key, status, code) => {
    const answer = await openSession({ model }, key());
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  });

  it.each([
    ['JSON that is cut off', '{"model":', 400, 'malformed_json'],
    [
      'a megabyte of metadata',
      JSON.stringify({ model: 'm', metadata: { key: 'x'.repeat(2 ** 20) } }),
      413,
      'body_too_large',
    ],
  ])('with %s is refused', async (_name, body, status, code) => {
    const answer = await openSession(body);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  });

  it('beyond the quota is refused', async () => {
    const poor = await newTenant(target, 'quota of one', 1);
    const first = await openSession({ model }, poor);
    const second = await openSession({ model }, poor);
    expect(second).toMatchObject({ status: 429, body: { code: 'session_quota_exceeded' } });
    await client(target, poor).endSession(first.body.id);
  });
});

describe("another tenant's session", () => {
  it.each([
    ['read', 'GET', ''],
    ['ended', 'DELETE', ''],
    ['followed', 'GET', '/events'],
    ['asked for its usage', 'GET', '/usage'],
  ])('cannot be %s', async (_name, method, suffix) => {
    const { body } = await openSession({ model });
    const stranger = await newTenant(target, 'stranger');
    const answer = await request<Problem>(target, stranger, method, `/v1/sessions/${body.id}${suffix}`);
    expect(answer).toMatchObject({ status: 404, body: { code: 'session_not_found' } });
    expect((await client(target, apiKey).getSession(body.id)).state).toBe('reserved');
    await client(target, apiKey).endSession(body.id);
  });
});

describe('a session token', () => {
  const forged = (token: string) =>
    `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;

  it.each([
    ['missing', () => undefined, 401, 'token_missing'],
    ['no token', () => 'garbage', 401, 'token_malformed'],
    ['forged', forged, 401, 'token_forged'],
  ])('that is %s is refused before the upgrade', async (_name, change, status, code) => {
    const { body } = await openSession({ model });
    const { streamUrl, token } = connectionOf(body);
    expect(await refusedUpgrade(streamUrl, protocols(change(token)))).toEqual({ status, code });
    await client(target, apiKey).endSession(body.id);
  });

  it('of another region is refused', async () => {
    const { body } = await openSession({ model, residency: 'us' });
    const elsewhere = await openSession({ model, residency: 'eu' });
    const { token } = connectionOf(body);
    const { streamUrl } = connectionOf(elsewhere.body);
    expect(await refusedUpgrade(streamUrl, protocols(token))).toMatchObject({ code: 'wrong_region' });
    for (const { id } of [body, elsewhere.body]) await client(target, apiKey).endSession(id);
  });

  it('that another client has claimed is refused, and the first one plays on', async () => {
    const { body } = await openSession({ model });
    const { streamUrl, token } = connectionOf(body);
    const owner = await openStream(streamUrl, protocols(token));
    await owner.firstMessage;
    const thief = await openStream(streamUrl, protocols(token, 't'.repeat(24)));
    expect(await thief.closed).toEqual({ code: 4007, reason: 'token_reused' });
    expect(owner.socket.readyState).toBe(owner.socket.OPEN);
    owner.socket.close();
    await client(target, apiKey).endSession(body.id);
  });

  it('of an ended session is refused', async () => {
    const { body } = await openSession({ model });
    const { streamUrl, token } = connectionOf(body);
    const player = await openStream(streamUrl, protocols(token));
    await player.firstMessage;
    await client(target, apiKey).endSession(body.id);
    await player.closed;
    const again = await openStream(streamUrl, protocols(token));
    expect((await again.closed).code).toBeGreaterThan(4000);
  });
});

describe('an action', () => {
  it.each([
    ['garbage', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0x01]), 'malformed_message'],
    [
      'too many axes',
      Buffer.from(
        PlayRequest.encode(
          PlayRequest.fromPartial({
            message: {
              $case: 'action',
              value: {
                seq: 1,
                clientTimeUs: 1,
                buttons: [],
                axes: Object.fromEntries(
                  Array.from({ length: 40 }, (_unused, index) => [`axis-${index}`, 0]),
                ),
                text: '',
              },
            },
          }),
        ).finish(),
      ),
      'malformed_action',
    ],
  ])('of %s ends the stream with its error', async (_name, bytes, reason) => {
    const { body } = await openSession({ model });
    const { streamUrl, token } = connectionOf(body);
    const stream = await openStream(streamUrl, protocols(token));
    await stream.firstMessage;
    stream.socket.send(bytes);
    expect(await stream.closed).toEqual({ code: 4003, reason });
    await client(target, apiKey).endSession(body.id);
  });

  it('of 10 MB ends the stream, and the gateway serves others', async () => {
    const { body } = await openSession({ model });
    const { streamUrl, token } = connectionOf(body);
    const stream = await openStream(streamUrl, protocols(token));
    await stream.firstMessage;
    stream.socket.on('error', () => undefined);
    stream.socket.send(Buffer.alloc(10 * 1024 * 1024, 1));
    expect([1009, 4008, 1006]).toContain((await stream.closed).code);
    const ping = await fetch(new URL('/ping', streamUrl.replace(/^ws/, 'http')));
    expect(ping.status).toBe(204);
    await client(target, apiKey).endSession(body.id);
  });
});

describe('a worker', () => {
  it('that registers with a wrong secret is refused', async () => {
    const fleet = new FleetServiceClient(fleetAddress(), credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${'w'.repeat(64)}`);
    const registration = RegisterRequest.fromPartial({
      workerId: 'us-east-9',
      incarnation: 'x',
      region: 'us-east',
    });
    const refused = await new Promise<ServiceError | null>((resolve) => {
      fleet.register(registration, metadata, (error) => resolve(error));
    });
    fleet.close();
    expect(refused?.code).toBe(status.UNAUTHENTICATED);
    expect((await workers(target)).map(({ id }) => id)).not.toContain('us-east-9');
  });
});
