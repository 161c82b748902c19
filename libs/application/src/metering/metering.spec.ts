import { beforeEach, describe, expect, it } from '@jest/globals';
import { costOf, type Session } from '@meridian/domain';
import { makeWorld, tenantId, US_EAST, type World } from '@meridian/testkit';

let world: World;
let session: Session;
const ACME = tenantId('acme');
const oneOf = (slots: number) => ({ width: 1, slots, gpus: 1 });
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker();
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  session = outcome.session;
});
const id = () => session.request.sessionId;
const usage = async () => {
  const read = await world.readSessionUsage(ACME, id());
  if (!read) throw new Error('no usage');
  return read;
};

describe('usage', () => {
  it('is nothing before a session is active, and no other tenant’s to read (S1)', async () => {
    expect(await usage()).toMatchObject({
      usage: { activeMs: 0, costNano: 0n, currency: 'GBP', final: false },
      ...{ poundsPerUserHour: 0, segments: [] },
    });
    expect(await world.readSessionUsage(tenantId('other'), id())).toBeUndefined();
  });

  it('ticks with every heartbeat, before anything is flushed', async () => {
    await world.connect(session);
    world.fleet[0]?.play(3_000);
    world.clock.advance(3_000);
    await world.fleet[0]?.beat();
    const { usage: shown, poundsPerUserHour } = await usage();
    expect(shown).toMatchObject({
      activeMs: 3_000,
      frames: 75,
      costNano: costOf(3_000, 2_400_000_000n, oneOf(2)),
    });
    expect(poundsPerUserHour).toBeCloseTo(1.2, 6);
  });

  it('is as of the last flush while the region is away, and never less than before', async () => {
    await world.connect(session);
    await world.pass(10_000);
    const before = (await usage()).usage.costNano;
    world.store(US_EAST).away = true;
    expect((await usage()).usage.costNano).toBe(before);
  });

  it('stops while the session is held', async () => {
    await world.connect(session);
    await world.pass(4_000);
    world.fleet[0]?.disconnect(id());
    await world.pass(10_000);
    expect((await usage()).usage.activeMs).toBe(4_000);
  });

  it('is final at the end, its segments adding up to it', async () => {
    await world.connect(session);
    await world.pass(3_600_000 + 5_000);
    const shown = (await usage()).usage.costNano;
    await world.endSession({ sessionId: id(), reason: 'client_ended' });
    const { usage: final, segments } = await usage();
    expect(final).toMatchObject({ activeMs: 3_605_000, frames: 90_125, final: true });
    expect(final.costNano >= shown).toBe(true);
    expect(segments.reduce((sum, s) => sum + s.costNano, 0n)).toBe(final.costNano);
    expect(segments).toHaveLength(2);
  });
});

describe('flushing', () => {
  it('keeps as changed what the record could not take (M1)', async () => {
    await world.connect(session);
    world.record.away = true;
    await world.pass(0);
    world.fleet[0]?.play(2_000);
    await world.fleet[0]?.beat();
    expect(await world.flushMeters()).toMatchObject({ flushed: 0 });
    world.record.away = false;
    expect(await world.flushMeters()).toMatchObject({ flushed: 1, applied: 1, setAside: 0 });
    expect(await world.flushMeters()).toMatchObject({ flushed: 0 });
    expect((await world.usage.sessionUsage(id()))?.activeMs).toBe(2_000);
  });

  it('goes on to the other regions when one is away (L4)', async () => {
    await world.connect(session);
    world.fleet[0]?.play(1_000);
    await world.fleet[0]?.beat();
    world.store('eu-west' as never).away = true;
    expect(await world.flushMeters()).toMatchObject({ flushed: 1, applied: 1, setAside: 0 });
  });
});

describe('hours', () => {
  const hour = Date.UTC(2026, 10, 2, 11);
  const rows = async () =>
    (await world.usageHours.hours(0, Date.UTC(2100, 0))).map((one) => [one.hourMs - hour, one.activeMs]);
  const cuts = async () =>
    (await world.usage.segments(id())).map((s) => [s.startsAtMs - hour, s.endsAtMs - hour, s.activeMs]);

  it('are cut once they are over and nothing more comes, though the job runs twice and late', async () => {
    await world.connect(session);
    await world.pass(10_000);
    world.clock.advance(hour + 119_999 - world.clock.nowMs());
    expect(await world.cutHours()).toEqual({ cut: 0 });
    world.clock.advance(1);
    expect(await world.cutHours()).toEqual({ cut: 1 });
    expect(await world.cutHours()).toEqual({ cut: 0 });
    const cut = [[-3_600_000, -3_590_000, 10_000]];
    expect(await cuts()).toEqual(cut);
    world.clock.advance(5 * 3_600_000);
    expect(await world.cutHours()).toEqual({ cut: 0 });
    expect(await cuts()).toEqual(cut);
  });

  it('add up the same though the roll-up runs twice, at once, and late', async () => {
    await world.connect(session);
    await world.pass(10_000);
    await world.endSession({ sessionId: id(), reason: 'client_ended' });
    expect((await world.readMeteringLag()).marks).toBe(1);
    const marks = await Promise.all([world.rollUpUsage(), world.rollUpUsage()]);
    expect(marks.map((one) => one.marks).sort()).toEqual([0, 1]);
    const once = await rows();
    expect(once.map(([, ms]) => ms)).toEqual([10_000]);
    world.clock.advance(86_400_000);
    expect(await world.rollUpUsage()).toEqual({ marks: 0 });
    expect(await rows()).toEqual(once);
    expect(await world.prepareDays()).toEqual(await world.prepareDays());
  });

  it('tell how far they are behind', async () => {
    await world.connect(session);
    world.fleet[0]?.play(1_000);
    await world.fleet[0]?.beat();
    world.clock.advance(3_000);
    expect((await world.readMeteringLag()).flushMs.get(US_EAST)).toBe(3_000);
    await world.flushMeters();
    expect((await world.readMeteringLag()).flushMs.get(US_EAST)).toBe(0);
    await world.endSession({ sessionId: id(), reason: 'client_ended' });
    world.clock.advance(7_000);
    expect(await world.readMeteringLag()).toMatchObject({ rollUpMs: 7_000, marks: 1 });
    world.store(US_EAST).away = true;
    expect((await world.readMeteringLag()).flushMs.has(US_EAST)).toBe(false);
  });
});

describe('the fleet’s cost', () => {
  it('adds up exactly: sessions and idle are the bill (M3)', async () => {
    const fromMs = world.clock.nowMs();
    await world.connect(session);
    await world.pass(60_000);
    const cost = await world.readFleetCost(fromMs, world.clock.nowMs());
    expect(cost.billNano).toBe(costOf(60_000, 2_400_000_000n, oneOf(1)));
    expect(cost.sessionNano).toBe(costOf(60_000, 2_400_000_000n, oneOf(2)));
    expect(cost.sessionNano + cost.idleNano).toBe(cost.billNano);
    expect(cost).toMatchObject({ currency: 'GBP', userHours: 60_000 / 3_600_000 });
    expect(cost.poundsPerUserHour).toBeCloseTo(1.2, 6);
    expect(cost.poundsPerUserHourLoaded).toBeCloseTo(2.4, 6);
  });

  it('of nothing is nothing', async () => {
    expect(await world.readFleetCost(0, 1)).toMatchObject({
      billNano: 0n,
      idleNano: 0n,
      poundsPerUserHour: 0,
    });
  });
});
