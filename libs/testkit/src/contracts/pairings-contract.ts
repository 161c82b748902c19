import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { PairingOffer } from '@meridian/application';
import { decide, evolveAll, type Session } from '@meridian/domain';
import { aSession, aTenant, end, observe, reserve, sessionId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = 1_000_000;

/** What every store of pairings does. Call it in a `describe`; `open` gives an empty record. */
export function pairingsContract(open: OpenRecord): void {
  let record: RecordHarness;
  let session: Session;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    session = await begun(1);
  });
  afterEach(() => record.close());

  const begun = async (name: number): Promise<Session> => {
    const made = aSession({ sessionId: sessionId(name) }, T0, reserve(T0), observe(T0, 'active'));
    await record.sessions.create(made.session, made.events, undefined);
    return made.session;
  };
  const hash = (name: string | number) => Buffer.from(String(name)).toString('hex').padStart(64, '0');
  const offer = (name: string | number, over: Partial<PairingOffer> = {}) =>
    record.pairings.offer({
      ...{ codeHash: hash(name), sessionId: sessionId(1), role: 'controller', label: 'phone' },
      ...{ createdAtMs: T0, expiresAtMs: T0 + 300_000 },
      ...over,
    });
  const take = (name: string | number, atMs = T0 + 1) => record.pairings.take(hash(name), atMs);
  const paired = async (howMany: number) => {
    for (let i = 1; i <= howMany; i += 1) {
      await offer(`p${i}`);
      expect(await take(`p${i}`)).toMatchObject({ kind: 'taken', device: { device: i } });
    }
  };

  it('lets in the device that knows the code, once', async () => {
    expect(await offer('a')).toBe(true);
    const device = { device: 1, role: 'controller', label: 'phone', pairedAtMs: T0 + 1 };
    expect(await take('a')).toEqual({ kind: 'taken', sessionId: sessionId(1), device });
    expect(await take('a')).toEqual({ kind: 'not_found' });
    expect(await record.pairings.devices(sessionId(1))).toEqual([device]);
    expect(await record.pairings.devices(sessionId(2))).toEqual([]);
  });

  it('knows no code that was not offered, nor one that has expired', async () => {
    await offer('a');
    expect(await take('b')).toEqual({ kind: 'not_found' });
    expect(await take('a', T0 + 300_000)).toEqual({ kind: 'not_found' });
    expect(await take('a', T0 + 299_999)).toMatchObject({ kind: 'taken' });
  });

  it('lets one of those in that come with the same code at once', async () => {
    await offer('a');
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => take('a')));
    expect(outcomes.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'not_found')).toHaveLength(5);
    expect(await record.pairings.devices(sessionId(1))).toHaveLength(1);
  });

  it('gives those that come at once with codes of their own numbers of their own', async () => {
    await paired(5);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await offer(name);
    const outcomes = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => take(name)));
    const numbers = outcomes.flatMap((outcome) => (outcome.kind === 'taken' ? [outcome.device.device] : []));
    expect(numbers.toSorted()).toEqual([6, 7, 8]);
    expect(outcomes.filter(({ kind }) => kind === 'too_many_devices')).toHaveLength(3);
  });

  it('keeps the code of who finds the session full, and never uses a number again', async () => {
    await paired(8);
    await offer('late');
    expect(await take('late')).toEqual({ kind: 'too_many_devices', sessionId: sessionId(1) });
    expect(await record.pairings.remove(sessionId(1), 8, T0 + 5)).toBe(true);
    expect(await take('late')).toMatchObject({ kind: 'taken', device: { device: 9 } });
    expect(await record.pairings.devices(sessionId(1))).toHaveLength(9);
  });

  it('removes a device of its session, and keeps the first time', async () => {
    await begun(2);
    await paired(1);
    expect(await record.pairings.remove(sessionId(2), 1, T0 + 5)).toBe(false);
    expect(await record.pairings.remove(sessionId(1), 2, T0 + 5)).toBe(false);
    expect(await record.pairings.remove(sessionId(1), 1, T0 + 5)).toBe(true);
    expect(await record.pairings.remove(sessionId(1), 1, T0 + 9)).toBe(true);
    expect(await record.pairings.devices(sessionId(1))).toMatchObject([{ device: 1, removedAtMs: T0 + 5 }]);
  });

  it('lets nobody into a session that has ended', async () => {
    await offer('a');
    const events = decide(end(T0 + 1), session);
    await record.sessions.append(evolveAll(session, events), events, session.eventCount);
    expect(await take('a')).toEqual({ kind: 'session_ended', sessionId: sessionId(1) });
    expect(await record.pairings.devices(sessionId(1))).toEqual([]);
  });

  it('keeps the newest eight codes of a session, and one offer for a code', async () => {
    await begun(2);
    await offer('other', { sessionId: sessionId(2) });
    for (let i = 1; i <= 9; i += 1) expect(await offer(i, { createdAtMs: T0 + i })).toBe(true);
    expect(await offer(9, { sessionId: sessionId(2) })).toBe(false);
    expect(await take(1)).toEqual({ kind: 'not_found' });
    expect(await take(2)).toMatchObject({ kind: 'taken' });
    expect(await take('other')).toMatchObject({ kind: 'taken', sessionId: sessionId(2) });
  });

  it('forgets what has expired when another code is offered, which may be the same', async () => {
    await offer('a');
    expect(await offer('a', { createdAtMs: T0 + 299_999 })).toBe(false);
    expect(await offer('a', { createdAtMs: T0 + 300_000, expiresAtMs: T0 + 600_000 })).toBe(true);
    expect(await take('a', T0 + 400_000)).toMatchObject({ kind: 'taken' });
  });

  it('keeps an offer without a label without one', async () => {
    const { label: _none, ...bare } = { codeHash: hash('x'), label: '', sessionId: sessionId(1) };
    const times = { createdAtMs: T0, expiresAtMs: T0 + 10 };
    await record.pairings.offer({ ...bare, ...times, role: 'spectator' });
    await take('x');
    expect(await record.pairings.devices(sessionId(1))).toEqual([
      { device: 1, role: 'spectator', pairedAtMs: T0 + 1 },
    ]);
  });
}
