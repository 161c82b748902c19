import { beforeEach, describe, expect, it } from '@jest/globals';
import { showPairingCode, type DeviceRole, type Session } from '@meridian/domain';
import { FakeSessionTokens, makeWorld, tenantId, US_EAST, workerId, type World } from '@meridian/testkit';

const ACME = tenantId('acme');
let world: World;
let session: Session;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ workerId: workerId('a') });
  session = await opened();
  await world.connect(session);
  await world.pass(1_000);
});
const opened = async () => {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const id = () => session.request.sessionId;
const offer = (role: DeviceRole = 'controller', label?: string) =>
  world.offerPairing({ tenantId: ACME, sessionId: id(), role, ...(label !== undefined && { label }) });
const offered = async (role: DeviceRole = 'controller', label?: string) => {
  const outcome = await offer(role, label);
  if (outcome.kind !== 'offered') throw new Error(outcome.kind);
  return showPairingCode(outcome.code);
};
const claim = (code: string, who = '192.0.2.1') => world.claimPairing({ code, who });
const paired = async (role: DeviceRole = 'controller') => {
  const outcome = await claim(await offered(role));
  if (outcome.kind !== 'paired') throw new Error(outcome.kind);
  return outcome;
};
const notes = async () =>
  (await world.audit.read({ sessionId: id(), sinceMs: 0, untilMs: Infinity, limit: 10 }))
    .map(({ action, detail }) => ({ action, ...detail }))
    .filter(({ action }) => /pair|device/.test(action));

describe('pairing a device', () => {
  it('takes a code, however it is typed, and answers with a token of the device', async () => {
    const code = await offered('spectator', 'Phone');
    const outcome = await claim(code.toLowerCase().replace('-', ' '));
    if (outcome.kind !== 'paired') throw new Error(outcome.kind);
    expect(outcome.device).toMatchObject({ device: 1, role: 'spectator', label: 'Phone' });
    const claims = FakeSessionTokens.read(outcome.connection.token);
    expect(claims).toMatchObject({ sessionId: id(), device: 1, role: 'spectator', epoch: 1 });
    const own = await world.issueConnection(session);
    expect(FakeSessionTokens.read(own?.token ?? '')).not.toHaveProperty('device');
  });

  it('gives a token of the newest epoch', async () => {
    await world.addWorker({ workerId: workerId('b') });
    const code = await offered();
    const { lease } = session;
    if (!lease) throw new Error('no lease');
    await world.replaceSession({
      ...{ sessionId: id(), lostEpoch: lease.epoch, lostWorkerId: lease.workerId, planned: true },
    });
    const outcome = await claim(code);
    if (outcome.kind !== 'paired') throw new Error(outcome.kind);
    const claims = FakeSessionTokens.read(outcome.connection.token);
    expect(claims).toMatchObject({ epoch: 2, workerId: workerId('b'), device: 1 });
  });

  it('has one winner when a code is typed in twice at once', async () => {
    const code = await offered();
    const outcomes = await Promise.all([claim(code, 'a'), claim(code, 'b'), claim(code, 'c')]);
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['not_found', 'not_found', 'paired']);
  });

  it('is over after five minutes', async () => {
    const code = await offered();
    world.clock.advance(300_000);
    expect(await claim(code)).toEqual({ kind: 'not_found' });
  });

  it('is refused for a session that is not there, another tenant’s, queued or over (S1)', async () => {
    const asked = { sessionId: id(), role: 'controller' } as const;
    expect(await world.offerPairing({ ...asked, tenantId: tenantId('other') })).toEqual({
      kind: 'not_found',
    });
    await opened();
    const waiting = await opened();
    const { sessionId } = waiting.request;
    expect(await world.offerPairing({ ...asked, sessionId, tenantId: ACME })).toEqual({
      kind: 'session_queued',
    });
    const code = await offered();
    await world.endSession({ sessionId: id(), reason: 'client_ended' });
    expect(await offer()).toEqual({ kind: 'session_ended' });
    expect(await claim(code)).toEqual({ kind: 'session_ended' });
  });

  it('takes no more than eight devices, and another once one was removed', async () => {
    const late = await offered();
    for (let i = 0; i < 8; i += 1) await paired();
    expect(await offer()).toEqual({ kind: 'too_many_devices', devicesMax: 8 });
    expect(await claim(late)).toEqual({ kind: 'too_many_devices' });
    expect(await world.sessionDevices.remove(ACME, id(), 3)).toBe('removed');
    expect(await claim(late)).toMatchObject({ kind: 'paired', device: { device: 9 } });
  });

  it('stops guessing, for the address that guesses and not for others', async () => {
    for (let i = 0; i < 10; i += 1) expect(await claim('0000-0000', 'x')).toEqual({ kind: 'not_found' });
    const code = await offered();
    expect(await claim(code, 'x')).toEqual({ kind: 'too_many_attempts', retryAfterMs: 6_000 });
    expect(await claim(code, 'y')).toMatchObject({ kind: 'paired' });
  });

  it('counts what cannot be a code as a guess, and neither a right one nor a store that is away', async () => {
    for (let i = 0; i < 9; i += 1) await claim('what?', 'x');
    world.record.away = true;
    for (let i = 0; i < 5; i += 1) await expect(claim('0000-0000', 'x')).rejects.toThrow('does not answer');
    world.record.away = false;
    for (let i = 0; i < 3; i += 1)
      expect(await claim(await offered(), 'x')).toMatchObject({ kind: 'paired' });
    expect(await claim('0000-0000', 'x')).toEqual({ kind: 'not_found' });
    expect(await claim('0000-0000', 'x')).toMatchObject({ kind: 'too_many_attempts' });
  });

  it('is on record, without the code', async () => {
    const code = await offered('controller', 'Phone');
    await claim(code);
    world.clock.advance(1);
    await world.sessionDevices.remove(ACME, id(), 1);
    expect(await notes()).toEqual([
      { action: 'session.device_removed', device: 1 },
      { action: 'session.device_paired', device: 1, role: 'controller', label: 'Phone' },
      expect.objectContaining({ action: 'session.pairing_offered', role: 'controller', label: 'Phone' }),
    ]);
    expect(JSON.stringify(await notes())).not.toContain(code.slice(0, 4));
  });
});

describe('the devices of a session', () => {
  it('are listed and removed by its tenant alone (S1)', async () => {
    await paired('spectator');
    const other = tenantId('other');
    expect(await world.sessionDevices.list(other, id())).toBeUndefined();
    expect(await world.sessionDevices.remove(other, id(), 1)).toBe('session_not_found');
    expect(await world.sessionDevices.list(ACME, id())).toMatchObject([{ device: 1, role: 'spectator' }]);
  });

  it('are removed once; the first time stays', async () => {
    await paired();
    const atMs = world.clock.nowMs();
    expect(await world.sessionDevices.remove(ACME, id(), 2)).toBe('device_not_found');
    expect(await world.sessionDevices.remove(ACME, id(), 1)).toBe('removed');
    world.clock.advance(5_000);
    expect(await world.sessionDevices.remove(ACME, id(), 1)).toBe('removed');
    expect(await world.sessionDevices.list(ACME, id())).toMatchObject([{ device: 1, removedAtMs: atMs }]);
  });

  it('stay with a session whose region is away (L4)', async () => {
    world.store(US_EAST).away = true;
    expect((await paired()).device.device).toBe(1);
  });
});
