import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Codec, NoticeKind } from '@meridian/protocol';
import type { MeridianSession } from './meridian-session.ts';
import { Meridian, type MeridianOptions } from './meridian.ts';
import { FakeMeridian } from './testing/fake-meridian.ts';
import type { FakeSession } from './testing/fake-session.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { once } from './testing/once.ts';

let fake: FakeMeridian;
let session: MeridianSession | undefined;

beforeEach(async () => {
  fake = await FakeMeridian.start();
});

afterEach(async () => {
  await session?.end().catch(() => undefined);
  session = undefined;
  await fake.stop();
});

async function open(more: Partial<MeridianOptions> = {}): Promise<MeridianSession> {
  const meridian = new Meridian({ baseUrl: fake.url, apiKey: 'mk_test', random: () => 0, ...more });
  session = await meridian.open({ model: 'gallery', rttMs: { 'us-east': 3 } });
  return session;
}

async function play(more: Partial<MeridianOptions> = {}): Promise<[MeridianSession, FakeSession]> {
  const opened = await open(more);
  await once(opened, 'started');
  return [opened, fake.only];
}

describe('a session', () => {
  it('streams frames until it ends, and says what it cost', async () => {
    const [playing, world] = await play();
    const numbers: number[] = [];
    const reading = (async () => {
      for await (const frame of playing.frames()) {
        numbers.push(frame.number);
        if (frame.number === 3) world.end('idle', 'Nobody moved for 5 minutes.');
        else world.frame();
      }
    })();
    world.activeMs = 3_000;
    world.frame();
    await reading;
    expect(numbers).toEqual([1, 2, 3]);
    expect(await playing.ended).toMatchObject({
      reason: 'idle',
      detail: 'Nobody moved for 5 minutes.',
      usage: { final: true, costNano: '1000000' },
    });
    expect(playing.state).toBe('ended');
  });

  it('waits in the queue, then starts by itself', async () => {
    fake.full = true;
    const waiting = await open();
    const places: number[] = [];
    const started = once(waiting, 'started');
    waiting.on('queue', ({ position }) => {
      places.push(position);
      if (position === 3) fake.only.queue(1, 2_000);
      else fake.only.reserve();
    });
    expect(waiting.state).toBe('queued');
    await started;
    expect(places).toEqual([3, 1]);
    expect(waiting.state).toBe('active');
    expect(waiting.region).toBe('us-east');
  });

  it('measures each action to the first frame that has seen it', async () => {
    const [playing, world] = await play();
    world.echo = true;
    const frame = once(playing, 'frame');
    playing.send({ axes: { forward: 1 }, buttons: ['sprint'] });
    expect((await frame).actionToFrameMs).toBeGreaterThan(0);
    expect(world.actions[0]).toMatchObject({ seq: 1, axes: { forward: 1 }, buttons: ['sprint'] });
    const { stats } = playing;
    expect(stats.actionToFrameMs).toMatchObject({ samples: 1, p50: stats.actionToFrameMs.last });
    const {
      totalMs = 0,
      networkMs = 0,
      gatewayMs = 0,
      waitMs = 0,
      stepMs = 0,
      encodeMs = 0,
    } = stats.hops ?? {};
    expect([waitMs, stepMs, encodeMs]).toEqual([0.3, 0.3, 0.1].map((ms) => expect.closeTo(ms)));
    expect(networkMs + gatewayMs + waitMs + stepMs + encodeMs).toBeCloseTo(totalMs);
  });

  it('counts gaps in the numbers as dropped, and ignores a frame from before', async () => {
    const [playing, world] = await play();
    const frames: number[] = [];
    playing.on('frame', ({ number }) => frames.push(number));
    world.frame();
    world.frame(0, undefined, 3);
    world.frameNumber = 1;
    world.frame();
    world.frameNumber = 5;
    const last = once(playing, 'frame');
    world.frame();
    await last;
    while (frames.at(-1) !== 6) await once(playing, 'frame');
    expect(frames).toEqual([1, 5, 6]);
    expect(playing.stats).toMatchObject({ frames: 3, dropped: 3 });
  });

  it('ends once, however often it is asked', async () => {
    const [playing] = await play();
    const ends: unknown[] = [];
    playing.on('ended', (end) => ends.push(end));
    const [first, second] = await Promise.all([playing.end(), playing.end()]);
    expect(await playing.end()).toBe(first);
    expect(second).toBe(first);
    expect(first).toMatchObject({ reason: 'client_ended', usage: { final: true } });
    expect(ends).toHaveLength(1);
    expect(fake.requests.filter((request) => request.startsWith('DELETE'))).toHaveLength(1);
  });

  it('is ended when the page goes away', async () => {
    const [playing] = await play();
    const page = new EventTarget();
    playing.endOnPageHide(page);
    page.dispatchEvent(new Event('pagehide'));
    expect(await playing.ended).toMatchObject({ reason: 'client_ended' });
    expect(fake.requests).toContain(`DELETE /v1/sessions/${playing.id}`);
  });

  it('survives a listener that throws', async () => {
    const [playing, world] = await play();
    playing.on('frame', () => {
      throw new Error('mine');
    });
    const failure = once(playing, 'error');
    world.frame();
    expect(await failure).toMatchObject({ code: 'listener_failed', detail: 'mine' });
    expect(playing.state).toBe('active');
  });
});

describe('a broken stream', () => {
  it('is taken up again with the same key, and what was held is sent anew', async () => {
    const [playing, world] = await play();
    playing.send({ axes: { forward: 1 } });
    while (world.actions.length < 1) await new Promise(setImmediate);
    world.frame();
    await once(playing, 'frame');
    const resumed = once(playing, 'resumed');
    world.drop();
    expect(await once(playing, 'reconnecting')).toMatchObject({ attempt: 1 });
    expect(playing.state).toBe('held');
    await resumed;
    expect(playing.state).toBe('active');
    expect(new Set(world.clientKeys).size).toBe(1);
    while (world.actions.length < 2) await new Promise(setImmediate);
    expect(world.actions[1]).toEqual(world.actions[0]);
  });

  it('is told again what frames are to look like, and only the newest', async () => {
    const [playing, world] = await play();
    playing.setFormat({ codec: 'webp', quality: 40 });
    playing.setFormat({ codec: 'raw-rgb', width: 256, height: 144 });
    while (world.formats.length < 2) await new Promise(setImmediate);
    const resumed = once(playing, 'resumed');
    world.drop();
    await resumed;
    while (world.formats.length < 3) await new Promise(setImmediate);
    const raw = { codec: Codec.RAW_RGB, width: 256, height: 144, quality: 0 };
    expect(world.formats).toEqual([{ codec: Codec.WEBP, width: 0, height: 0, quality: 40 }, raw, raw]);
  });

  it('is noticed by its silence', async () => {
    const [playing, world] = await play({ clock: hurriedClock(50) });
    world.frame();
    expect(await once(playing, 'reconnecting')).toMatchObject({ cause: { code: 'network' } });
    await once(playing, 'resumed');
  });

  it('follows the feed from the last event it has seen', async () => {
    const [playing, world] = await play();
    while (world.lastEventIds.length < 1) await new Promise(setImmediate);
    world.tell('usage', { usage: world.usage() });
    await once(playing, 'usage');
    world.drop();
    while (world.lastEventIds.length < 2) await new Promise(setImmediate);
    expect(world.lastEventIds).toEqual([undefined, '2']);
  });

  it('tells of a migration, and of its end', async () => {
    const [playing, world] = await play();
    world.frame();
    await once(playing, 'frame');
    const migrating = once(playing, 'migrating');
    world.notice(NoticeKind.MIGRATING, { detail: 'The worker was lost.' });
    await migrating;
    expect(playing.state).toBe('migrating');
    world.epoch = 2;
    const migrated = once(playing, 'migrated');
    world.notice(NoticeKind.MIGRATED, { nextFrameNumber: 2 });
    expect(await migrated).toMatchObject({ epoch: 2, nextFrameNumber: 2 });
    expect(playing.epoch).toBe(2);
    expect(playing.state).toBe('active');
  });

  it('gives up after the hold time with the reason of the record', async () => {
    fake.holdMs = 600;
    const [playing, world] = await play({ clock: hurriedClock(10) });
    fake.refuseNext = Array.from({ length: 40 }, () => ({ code: 4014, reason: 'unavailable' }));
    world.drop();
    const lost = await once(playing, 'reconnecting');
    expect(lost.heldUntilMs).toBeGreaterThan(0);
    world.endInRecord('client_lost');
    expect(await playing.ended).toMatchObject({ reason: 'client_lost', usage: { final: true } });
  });

  it('opens again after bytes that are no message', async () => {
    const [playing, world] = await play();
    const resumed = once(playing, 'resumed');
    world.raw(new Uint8Array([0xff, 0xff, 0xff]));
    await resumed;
    expect(playing.state).toBe('active');
  });
});

describe('a refused stream', () => {
  it.each([
    [4016, 'token_forged'],
    [4007, 'token_reused'],
    [4003, 'malformed_message'],
    [4003, 'malformed_format'],
    [4008, 'message_too_large'],
    [1009, 'message_too_large'],
  ])('gives up on %i %s', async (code, reason) => {
    fake.refuseNext = [{ code, reason }];
    const refused = await open({ clock: hurriedClock(50) });
    const error = once(refused, 'error');
    expect(await error).toMatchObject({ code: reason });
    expect(await refused.ended).toMatchObject({ reason: 'client_lost', error: { code: reason } });
    const wasGivenBack = fake.requests.includes(`DELETE /v1/sessions/${refused.id}`);
    expect(wasGivenBack).toBe(reason !== 'token_reused');
  });

  it.each([
    [4016, 'token_expired'],
    [4007, 'epoch_fenced'],
    [4014, 'worker_lost'],
  ])('asks for a fresh token after %i %s', async (code, reason) => {
    fake.refuseNext = [{ code, reason }];
    const opened = await open();
    await once(opened, 'started');
    expect(fake.requests).toContain(`GET /v1/sessions/${opened.id}`);
  });

  it('ends with the reason of the record when the claim has lapsed', async () => {
    fake.refuseNext = [{ code: 4016, reason: 'claim_expired' }];
    const opened = await open();
    fake.only.endInRecord('claim_expired');
    expect(await opened.ended).toMatchObject({ reason: 'claim_expired' });
  });
});
