import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import type { JoinedSession } from './joined-session.ts';
import type { MeridianSession } from './meridian-session.ts';
import { Meridian } from './meridian.ts';
import { readPairingCode } from './pairing.ts';
import { FakeMeridian } from './testing/fake-meridian.ts';
import type { FakeSession } from './testing/fake-session.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { once } from './testing/once.ts';
import type { PairedRole } from './types.ts';

let fake: FakeMeridian;
let owner: MeridianSession;
let world: FakeSession;
const joined: JoinedSession[] = [];

beforeEach(async () => {
  fake = await FakeMeridian.start({ gateways: 2 });
  const meridian = new Meridian({ baseUrl: fake.url, apiKey: 'mk_test', random: () => 0 });
  owner = await meridian.open({ model: 'gallery', rttMs: {} });
  await once(owner, 'started');
  world = fake.only;
});

afterEach(async () => {
  for (const device of joined.splice(0)) device.leave();
  await owner.end();
  await fake.stop();
});

const phone = (): Meridian => new Meridian({ baseUrl: fake.url, random: () => 0, clock: hurriedClock(20) });

async function join(role: PairedRole = 'controller', label?: string): Promise<JoinedSession> {
  const { code } = await owner.pair({ role, ...(label && { label }) });
  const arrived = once(owner, 'deviceJoined');
  const device = await phone().join(code);
  joined.push(device);
  await arrived;
  return device;
}

describe('a code', () => {
  it.each([
    ['K7QF-3MXN', 'K7QF-3MXN'],
    ['k7qf3mxn', 'K7QF-3MXN'],
    [' k7 qf-3m xn ', 'K7QF-3MXN'],
    ['OIL1-0000', '0111-0000'],
  ])('is read from %p', (typed, code) => {
    expect(readPairingCode(typed)).toBe(code);
  });

  it.each(['', 'K7QF-3MX', 'K7QF-3MXNA', 'K7QF-3MXU', 'K7QF-3MX!', 'https://x/join'])(
    'is not made of %p, and nothing is asked',
    async (typed) => {
      expect(readPairingCode(typed)).toBeUndefined();
      await expect(phone().join(typed)).rejects.toMatchObject({ code: 'invalid_code' });
      expect(fake.requests).not.toContain('POST /v1/pairings/claim');
    },
  );

  it('serves once, and takes no API key along, if there is one', async () => {
    const { code } = await owner.pair();
    fake.apiKeys.clear();
    joined.push(await new Meridian({ baseUrl: fake.url, apiKey: 'mk_mine' }).join(code));
    expect([...fake.apiKeys]).toEqual([undefined]);
    await expect(phone().join(code)).rejects.toMatchObject({ code: 'pairing_not_found', status: 404 });
  });
});

describe('a controller', () => {
  it('sees the walk and steers it, and its actions are not the owner’s', async () => {
    const device = await join('controller', 'phone');
    expect(device).toMatchObject({ id: owner.id, device: 1, role: 'controller', label: 'phone' });
    const shown = once(device, 'frame');
    device.send({ axes: { forward: 1 } });
    owner.send({ axes: {} });
    while (world.actions.length < 2) await new Promise(setImmediate);
    const seen = once(owner, 'frame');
    world.sendFrame({ lastActionSeq: 1, lastActionDevice: 1 });
    expect(await shown).toMatchObject({ lastActionDevice: 1, actionToFrameMs: expect.any(Number) });
    expect((await seen).actionToFrameMs).toBeUndefined();
    expect(device.state).toBe('active');
    expect(device.stats.hops?.totalMs).toBeGreaterThan(0);
  });

  it('comes back with its owner, whose gateway died', async () => {
    const device = await join();
    const back = once(owner, 'deviceJoined');
    const resumed = once(owner, 'resumed');
    await fake.gateways[0]?.stop();
    await resumed;
    expect(await back).toEqual({ device: 1, role: 'controller' });
    world.frame();
    await once(device, 'frame');
    expect(device.state).toBe('active');
  });

  it('looks for its owner at every gateway until the hold is over', async () => {
    const device = await join();
    const errors: string[] = [];
    const attempts: string[] = [];
    device.on('error', ({ code }) => errors.push(code));
    device.on('reconnecting', ({ cause, streamUrl }) => attempts.push(`${cause.code} ${streamUrl}`));
    fake.refuseNext = Array.from({ length: 60 }, () => ({ code: 4014, reason: 'owner_away' }));
    world.devices.closeAll(4014, 'owner_away');
    expect(await device.ended).toMatchObject({ reason: 'lost', error: { code: 'stream_lost' } });
    expect(errors).toEqual(['stream_lost']);
    const urls = fake.gateways.map(({ streamUrl }) => `owner_away ${streamUrl}`);
    expect(attempts.slice(0, 3)).toEqual([urls[1], urls[0], urls[1]]);
    expect(attempts.length).toBeGreaterThan(10);
    expect(owner.state).not.toBe('ended');
  });

  it('is told how the walk ended', async () => {
    const device = await join();
    world.end('duration_limit');
    expect(await device.ended).toMatchObject({ reason: 'duration_limit' });
    expect(device.send({ axes: { forward: 1 } })).toBe(0);
  });

  it('leaves without ending the walk', async () => {
    const device = await join();
    const left = once(owner, 'deviceLeft');
    device.leave();
    expect(await left).toEqual({ device: 1, role: 'controller' });
    expect(await device.ended).toEqual({ reason: 'left' });
    expect(owner.state).toBe('active');
  });

  it('leaves nothing in force: the owner says anew what it holds itself', async () => {
    const device = await join();
    owner.send({ axes: { forward: 0.5 } });
    while (world.actions.length < 1) await new Promise(setImmediate);
    device.send({ axes: { forward: 1 } });
    while (world.actions.length < 2) await new Promise(setImmediate);
    device.leave();
    while (world.actions.length < 3) await new Promise(setImmediate);
    expect(world.actions.map(({ axes }) => axes['forward'])).toEqual([0.5, 1, 0.5]);
  });

  it.each(['token_expired', 'session_ended', 'token_reused'])('gives up on %s', async (reason) => {
    const device = await join();
    world.devices.closeAll(4016, reason);
    expect(await device.ended).toMatchObject({ reason: 'lost', error: { code: reason } });
  });
});

describe('a spectator', () => {
  it('sees the walk and does not steer it', async () => {
    const device = await join('spectator');
    const forbidden = expect.objectContaining({ code: 'role_forbidden' });
    expect(() => device.send({ axes: { forward: 1 } })).toThrow(forbidden);
    const seen = device.frames();
    world.frame();
    expect((await seen.next()).value).toMatchObject({ number: 1 });
  });
});

describe('the owner', () => {
  it('removes a device for good, and tells every later stream', async () => {
    const device = await join('controller', 'phone');
    await owner.removeDevice(1);
    expect(await device.ended).toMatchObject({
      ...{ reason: 'removed', detail: 'The owner of the session removed this device.' },
      error: { code: 'device_removed' },
    });
    expect(await owner.devices()).toMatchObject([
      { device: 1, role: 'controller', label: 'phone', removedAt: expect.any(String) },
    ]);
    const resumed = once(owner, 'resumed');
    world.drop();
    await resumed;
    while (world.devices.removals.length < 2) await new Promise(setImmediate);
    expect(world.devices.removals).toEqual([1, 1]);
  });

  it('removes it from the stream even when the record cannot be written', async () => {
    const device = await join();
    fake.problem = { status: 400, body: { code: 'broken' } };
    await expect(owner.removeDevice(1)).rejects.toMatchObject({ code: 'broken' });
    fake.problem = undefined;
    expect(await device.ended).toMatchObject({ reason: 'removed' });
  });

  it('is warned of an end ahead', async () => {
    const warned = once(owner, 'endingSoon');
    world.notice(NoticeKind.ENDING_SOON, { endReason: 'idle', endsInMs: 10_000 });
    const { reason, endsInMs, endsAtMs } = await warned;
    expect({ reason, endsInMs }).toEqual({ reason: 'idle', endsInMs: 10_000 });
    expect(endsAtMs - performance.timeOrigin - performance.now()).toBeGreaterThan(9_000);
    expect(owner.state).toBe('active');
  });
});
