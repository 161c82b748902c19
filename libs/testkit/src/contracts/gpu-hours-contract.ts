// M3. Session cost + idle by cause = the GPU's bill, exactly, for each GPU and hour.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { GpuHourQuery, WorkerStateRow, WorkerUptime } from '@meridian/application';
import {
  costOf,
  decide,
  evolveAll,
  IDLE_CAUSES,
  type GpuHour,
  type Incarnation,
  type RateId,
  type Session,
} from '@meridian/domain';
import {
  aRate,
  aReading,
  aSession,
  aTenant,
  end,
  observe,
  poolIn,
  reserve,
  US_EAST,
  workerId,
} from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A whole hour, and a session and its worker in the middle of it. */
const HOUR = Date.UTC(2026, 10, 2, 10);
const T0 = HOUR + 10 * MINUTE_MS;
const LATER = HOUR + 2 * HOUR_MS;

/** What every store of GPU hours does. Call it in a `describe`; `open` gives an empty record. */
export function gpuHoursContract(open: OpenRecord): void {
  let record: RecordHarness;
  let session: Session;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
    const begun = aSession({}, T0, reserve(T0), observe(T0, 'active'));
    session = begun.session;
    await record.sessions.create(session, begun.events, undefined);
  });
  afterEach(() => record.close());

  const uptime = (over: Partial<WorkerUptime> = {}): WorkerUptime => ({
    ...{
      workerId: workerId('us-east-1'),
      incarnation: 'a' as Incarnation,
      region: US_EAST,
      pool: poolIn(US_EAST),
    },
    ...{ gpuType: 'h100', slots: 2, gpus: 1, purchase: 'on_demand' },
    ...{ startedAtMs: T0 - MINUTE_MS, lastSeenAtMs: T0 + 20 * MINUTE_MS, ...over },
  });
  const state = (atMs: number, over: Partial<WorkerStateRow> = {}): WorkerStateRow => ({
    ...{ workerId: workerId('us-east-1'), incarnation: 'a' as Incarnation, atMs },
    ...{ state: 'ready', usedSlots: 0, slots: 2, isWanted: false, ...over },
  });
  const play = (ms: number, seq: number) =>
    record.usage.apply([aReading({ seq, activeMs: ms, frames: ms / 40, atMs: T0 + ms })]);
  const endSession = async (ms: number): Promise<void> => {
    const events = decide(end(T0 + ms), session);
    const final = aReading({ seq: 99, activeMs: ms, frames: ms / 40, atMs: T0 + ms });
    await record.sessions.append(evolveAll(session, events), events, session.eventCount, final);
  };
  const made = async (): Promise<readonly GpuHour[]> => {
    while ((await record.gpuHours.recompute(10)) > 0);
    return record.gpuHours.hour(HOUR);
  };
  const idleOf = ({ idle }: GpuHour) =>
    Object.fromEntries(IDLE_CAUSES.flatMap((cause) => (idle[cause].ms > 0 ? [[cause, idle[cause]]] : [])));

  it('makes nothing of nothing', async () => {
    expect(await record.gpuHours.recompute(10)).toBe(0);
    expect(await record.gpuHours.hoursToCheck(0, LATER)).toEqual([]);
    expect(await record.gpuHours.breaches(0, LATER)).toEqual([]);
    expect(await record.gpuHours.checks(0, LATER)).toEqual({ hours: 0, gpuHours: 0, deferred: 0 });
  });

  it('says what a GPU cost, what sessions paid of it, and why the rest stood idle', async () => {
    await record.usage.recordUptime([uptime()]);
    await record.gpuHours.recordStates([
      state(T0 - MINUTE_MS, { state: 'booting' }),
      state(T0, { usedSlots: 1 }),
      state(T0 + 10 * MINUTE_MS, { isWanted: true }),
    ]);
    await endSession(10 * MINUTE_MS);
    const billNano = costOf(21 * MINUTE_MS, 2_400_000_000n, { width: 1, slots: 1, gpus: 1 });
    const sessionNano = costOf(10 * MINUTE_MS, 2_400_000_000n, { width: 1, slots: 2, gpus: 1 });
    const [hour, ...more] = await made();
    expect(more).toEqual([]);
    expect(hour).toMatchObject({
      ...{ hourMs: HOUR, workerId: 'us-east-1', incarnation: 'a', region: US_EAST, pool: poolIn(US_EAST) },
      ...{ gpuType: 'h100', purchase: 'on_demand', gpus: 1, currency: 'GBP' },
      ...{ upMs: 21 * MINUTE_MS, activeMs: 5 * MINUTE_MS, billNano, sessionNano },
    });
    expect(hour && idleOf(hour)).toEqual({
      booting: { ms: MINUTE_MS, nano: 40_000_000n },
      fragmentation: { ms: 5 * MINUTE_MS, nano: 200_000_000n },
      warm_buffer: { ms: 10 * MINUTE_MS, nano: 400_000_000n },
    });
  });

  it('prices what is still open as if it were cut, and makes an hour anew when something changed', async () => {
    await record.usage.recordUptime([uptime()]);
    await play(MINUTE_MS, 1);
    expect(await record.gpuHours.recompute(10)).toBe(1);
    expect(await record.gpuHours.hour(HOUR)).toMatchObject([{ activeMs: MINUTE_MS / 2 }]);
    expect(await record.gpuHours.recompute(10)).toBe(0);
    await record.usage.recordUptime([uptime({ lastSeenAtMs: T0 + 30 * MINUTE_MS })]);
    await endSession(2 * MINUTE_MS);
    expect(await made()).toMatchObject([{ activeMs: MINUTE_MS, upMs: 31 * MINUTE_MS }]);
  });

  it('counts an uptime in each of its hours', async () => {
    await record.usage.recordUptime([uptime({ lastSeenAtMs: HOUR + 2 * HOUR_MS + MINUTE_MS })]);
    await made();
    const ups = [0, 1, 2].map(async (i) =>
      (await record.gpuHours.hour(HOUR + i * HOUR_MS)).map(({ upMs }) => upMs),
    );
    expect(await Promise.all(ups)).toEqual([[51 * MINUTE_MS], [HOUR_MS], [MINUTE_MS]]);
  });

  it('keeps of the states what changed, in order, whoever tells it twice', async () => {
    await record.usage.recordUptime([uptime()]);
    const known = [state(T0 - MINUTE_MS, { state: 'booting' }), state(T0)];
    await record.gpuHours.recordStates(known);
    await record.gpuHours.recordStates([...known, state(T0 + 5 * MINUTE_MS)]);
    await record.gpuHours.recordStates([state(T0 + 10 * MINUTE_MS, { state: 'draining' })]);
    await record.gpuHours.recordStates([state(T0 + 5 * MINUTE_MS, { state: 'quarantined' })]);
    const [hour] = await made();
    expect(hour && Object.keys(idleOf(hour))).toEqual(['booting', 'draining', 'no_demand']);
    expect(hour?.idle).toMatchObject({ no_demand: { ms: 10 * MINUTE_MS }, draining: { ms: 10 * MINUTE_MS } });
  });

  it('takes a process for a failed start that went away before it was ever ready', async () => {
    const other = { workerId: workerId('us-east-2') };
    await record.usage.recordUptime([uptime(), uptime(other)]);
    const booting = { state: 'booting' } as const;
    await record.gpuHours.recordStates([state(T0 - MINUTE_MS, booting), state(T0)]);
    await record.gpuHours.recordStates([state(T0 - MINUTE_MS, { ...booting, ...other })]);
    expect((await made()).map((hour) => Object.keys(idleOf(hour)))).toEqual([
      ['booting', 'no_demand'],
      ['booting'],
    ]);
    expect(await record.gpuHours.noteFailedStarts(T0)).toBe(0);
    expect(await record.gpuHours.noteFailedStarts(LATER)).toBe(1);
    expect((await made()).map((hour) => Object.keys(idleOf(hour)))).toEqual([
      ['booting', 'no_demand'],
      ['failed_start'],
    ]);
  });

  it('tells processes of one worker apart, and belongs a session to the one that served it', async () => {
    const second = {
      incarnation: 'b' as Incarnation,
      startedAtMs: T0 + 21 * MINUTE_MS,
      lastSeenAtMs: T0 + 30 * MINUTE_MS,
    };
    await record.usage.recordUptime([uptime(), uptime(second)]);
    await endSession(10 * MINUTE_MS);
    expect((await made()).map(({ incarnation, upMs, activeMs }) => [incarnation, upMs, activeMs])).toEqual([
      ['a', 21 * MINUTE_MS, 5 * MINUTE_MS],
      ['b', 9 * MINUTE_MS, 0],
    ]);
  });

  it('is priced by how the GPU was bought, and anew when its rate is recorded', async () => {
    await record.usage.recordUptime([uptime({ purchase: 'spot' })]);
    expect(await made()).toMatchObject([{ purchase: 'spot', billNano: 840_000_000n }]);
    const spot = aRate({
      rateId: 'rate_spot' as RateId,
      purchase: 'spot',
      source: 'auction',
      nanoPerGpuHour: 600_000_000n,
    });
    await record.usage.addRate(spot);
    expect((await record.usage.rates()).find(({ purchase }) => purchase === 'spot')).toEqual(spot);
    expect(await made()).toMatchObject([{ billNano: 210_000_000n }]);
  });

  const query = (over: Partial<GpuHourQuery> = {}): GpuHourQuery => ({
    ...{ fromMs: HOUR, toMs: LATER, groupBy: [], interval: 'none', timeZone: 'UTC', ...over },
  });

  it('adds up what was asked for', async () => {
    const other = { workerId: workerId('us-east-2'), lastSeenAtMs: T0 + HOUR_MS, gpus: 2 };
    await record.usage.recordUptime([uptime(), uptime(other)]);
    await made();
    const sums = async (over: Partial<GpuHourQuery>) =>
      (await record.gpuHours.read(query(over))).map(({ fromMs, workerId: id, upMs }) => [
        (fromMs - HOUR) / HOUR_MS,
        id,
        upMs / MINUTE_MS,
      ]);
    expect(await sums({})).toEqual([[0, undefined, 143]]);
    expect(await sums({ interval: 'hour' })).toEqual([
      [0, undefined, 123],
      [1, undefined, 20],
    ]);
    expect(await sums({ groupBy: ['worker'] })).toEqual([
      [0, 'us-east-1', 21],
      [0, 'us-east-2', 122],
    ]);
    expect(await sums({ workerId: workerId('us-east-1') })).toEqual([[0, undefined, 21]]);
    expect(await sums({ region: 'elsewhere' as never })).toEqual([]);
    const [row] = await record.gpuHours.read(query({ groupBy: ['region', 'gpuType', 'purchase', 'pool'] }));
    expect(row).toMatchObject({
      region: US_EAST,
      gpuType: 'h100',
      purchase: 'on_demand',
      pool: poolIn(US_EAST),
    });
    const idle = IDLE_CAUSES.reduce((sum, cause) => sum + (row?.idle[cause].nano ?? 0n), 0n);
    expect((row?.sessionNano ?? 0n) + idle).toBe(row?.billNano);
  });

  it('checks that hours add up, once they are made', async () => {
    await record.usage.recordUptime([uptime()]);
    await endSession(10 * MINUTE_MS);
    await made();
    expect(await record.gpuHours.hoursToCheck(LATER, LATER)).toEqual([HOUR]);
    const check = await record.gpuHours.check(HOUR, LATER);
    expect(check).toEqual({ hourMs: HOUR, checked: 1, deferred: 0, found: [], resolved: 0 });
    expect(await record.gpuHours.hoursToCheck(LATER, LATER)).toEqual([]);
    expect(await record.gpuHours.hoursToCheck(HOUR, LATER)).toEqual([HOUR]);
    expect(await record.gpuHours.hoursToCheck(HOUR, HOUR)).toEqual([]);
    expect(await record.gpuHours.checks(HOUR, LATER)).toEqual({
      hours: 1,
      gpuHours: 1,
      deferred: 0,
      checkedAtMs: LATER,
    });
  });

  it('leaves for later what is open, or still to be made anew', async () => {
    await record.usage.recordUptime([uptime()]);
    await play(MINUTE_MS, 1);
    await made();
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 0, deferred: 1, found: [] });
    await endSession(2 * MINUTE_MS);
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 0, deferred: 1, found: [] });
    expect(await record.gpuHours.hoursToCheck(LATER, LATER)).toEqual([HOUR]);
    await made();
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 1, deferred: 0, found: [] });
  });

  it('finds what was paid for without a bill, once, and says when it was resolved', async () => {
    await endSession(10 * MINUTE_MS);
    await made();
    const breach = {
      ...{
        hourMs: HOUR,
        workerId: 'us-east-1',
        incarnation: '',
        region: US_EAST,
        pool: poolIn(US_EAST),
        currency: 'GBP',
      },
      ...{
        billNano: 0n,
        sessionNano: 200_000_000n,
        idleNano: 0n,
        differenceNano: -200_000_000n,
        foundAtMs: LATER,
      },
    };
    expect(await record.gpuHours.check(HOUR, LATER)).toMatchObject({ checked: 1, found: [breach] });
    expect(await record.gpuHours.check(HOUR, LATER + 1)).toMatchObject({
      checked: 1,
      found: [],
      resolved: 0,
    });
    expect(await record.gpuHours.breaches(HOUR, LATER)).toEqual([breach]);
    expect(await record.gpuHours.breaches(LATER, LATER + HOUR_MS)).toEqual([]);
    await record.usage.recordUptime([uptime()]);
    await made();
    expect(await record.gpuHours.check(HOUR, LATER + 2)).toMatchObject({
      checked: 1,
      found: [],
      resolved: 1,
    });
    expect(await record.gpuHours.breaches(HOUR, LATER)).toEqual([{ ...breach, resolvedAtMs: LATER + 2 }]);
  });
}
