import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Meridian, type MeridianOptions } from './meridian.ts';
import { FakeMeridian } from './testing/fake-meridian.ts';

let fake: FakeMeridian;

beforeEach(async () => {
  fake = await FakeMeridian.start();
});

afterEach(async () => {
  await fake.stop();
});

const client = (more: Partial<MeridianOptions> = {}): Meridian =>
  new Meridian({ baseUrl: fake.url, apiKey: 'mk_test', random: () => 0, ...more });

describe('probeRegions', () => {
  it('measures the regions that answer and names the one that does not', async () => {
    const probes = await client().probeRegions();
    expect(probes).toEqual([
      { region: 'us-east', name: 'US East', jurisdiction: 'us', reachable: true, rttMs: expect.any(Number) },
      { region: 'eu-west', name: 'US East', jurisdiction: 'eu', reachable: false },
    ]);
  });

  it('drops the first round trip and takes the median of the others', async () => {
    let nowMs = 0;
    const pingsMs = [500, 10, 30, 20, 40];
    const fetchOrPing = (url: string, init?: RequestInit): Promise<Response> => {
      if (!url.endsWith('/ping')) return fetch(url, init);
      if (url.includes(':9/')) return Promise.reject(new TypeError('refused'));
      nowMs += pingsMs.shift() ?? 0;
      return Promise.resolve(new Response(null, { status: 204 }));
    };
    const clock = { nowMs: () => nowMs, after: () => () => undefined };
    const [probe] = await client({ fetch: fetchOrPing, clock }).probeRegions();
    expect(probe?.rttMs).toBe(25);
  });
});

describe('open', () => {
  it('sends what was measured and what was asked', async () => {
    const session = await client().open({
      model: 'gallery',
      residency: 'us',
      maxRttMs: 80,
      metadata: { a: 'b' },
    });
    expect(fake.bodies).toEqual([
      {
        model: 'gallery',
        residency: 'us',
        maxRttMs: 80,
        metadata: { a: 'b' },
        rttMs: { 'us-east': expect.any(Number) },
      },
    ]);
    await session.end();
  });

  it('repeats a lost reply with the same key and opens one session', async () => {
    fake.loseNextReply = true;
    const session = await client().open({ model: 'gallery', rttMs: {} });
    expect(fake.sessions.size).toBe(1);
    expect(new Set(fake.idempotencyKeys).size).toBe(1);
    expect(fake.idempotencyKeys).toHaveLength(2);
    await session.end();
  });

  it('answers the session that the same key has opened before', async () => {
    const meridian = client();
    const first = await meridian.open({ model: 'gallery', rttMs: {}, idempotencyKey: 'mine' });
    const second = await meridian.open({ model: 'gallery', rttMs: {}, idempotencyKey: 'mine' });
    expect(second.id).toBe(first.id);
    expect(fake.idempotencyKeys).toEqual(['mine', 'mine']);
    await Promise.all([first.end(), second.end()]);
  });

  it('throws a problem with its fields', async () => {
    const errors = [{ field: 'rttMs.us-east', message: 'must be at least 0', fix: 'Measure again.' }];
    fake.problem = {
      status: 422,
      body: { code: 'invalid_request', title: 'Invalid', detail: 'One field.', errors },
    };
    await expect(client().open({ model: 'gallery', rttMs: {} })).rejects.toMatchObject({
      name: 'MeridianError',
      code: 'invalid_request',
      status: 422,
      detail: 'One field.',
      fields: errors,
    });
    expect(fake.requests).toEqual(['POST /v1/sessions']);
  });

  it('does not ask again when the queue is too long: the caller decides', async () => {
    fake.problem = {
      status: 503,
      body: { code: 'queue_wait_too_long', detail: 'Too long.', expectedWaitMs: 90_000 },
    };
    const opening = client().open({ model: 'gallery', rttMs: {}, maxWaitMs: 5_000 });
    await expect(opening).rejects.toMatchObject({
      code: 'queue_wait_too_long',
      problem: { expectedWaitMs: 90_000 },
    });
    expect(fake.requests).toEqual(['POST /v1/sessions']);
  });

  it('gives up after three attempts when nobody answers', async () => {
    let calls = 0;
    const broken = (): Promise<Response> => {
      calls += 1;
      return Promise.reject(new TypeError('connect refused'));
    };
    await expect(client({ fetch: broken }).listModels()).rejects.toMatchObject({ code: 'network' });
    expect(calls).toBe(3);
  });

  it('times out', async () => {
    const never = (_url: string, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) =>
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    const late = client({ fetch: never, timeoutMs: 5 });
    await expect(late.listModels()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends a session that was opened after the caller gave up', async () => {
    let release = (): void => undefined;
    fake.gate = new Promise((resolve) => (release = resolve));
    const giveUp = new AbortController();
    const opening = client().open({ model: 'gallery', rttMs: {}, signal: giveUp.signal });
    while (fake.sessions.size === 0) await new Promise(setImmediate);
    giveUp.abort();
    await expect(opening).rejects.toMatchObject({ code: 'aborted' });
    release();
    while (fake.only.json().state !== 'ended') await new Promise(setImmediate);
    expect(fake.only.json().endReason).toBe('client_ended');
  });
});

describe('reads', () => {
  it('answers sessions, usage and a second end alike', async () => {
    const meridian = client();
    const session = await meridian.open({ model: 'gallery', rttMs: {} });
    expect(await meridian.getSession(session.id)).toMatchObject({ id: session.id });
    expect((await meridian.listSessions({ limit: 5 })).sessions).toHaveLength(1);
    await session.end();
    expect(await meridian.endSession(session.id)).toMatchObject({
      state: 'ended',
      endReason: 'client_ended',
    });
    expect(await meridian.usage(session.id)).toMatchObject({ final: true, costNano: '0' });
    expect(await meridian.placements(session.id)).toMatchObject([{ what: 'reserved', epoch: 1 }]);
    await expect(meridian.getSession('ses_other')).rejects.toMatchObject({
      code: 'session_not_found',
      status: 404,
    });
  });
});
