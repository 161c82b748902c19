// Usage is simulated over the fake (D1), which moves one meter after the other by the domain's function. PostgreSQL moves
// most of them in one statement a batch; what comes of it must be the same, whatever comes in which batch.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  SessionRepository,
  SetAside,
  TenantRepository,
  UsageHours,
  UsageRepository,
} from '@meridian/application';
import { decideAll, FIRST_EPOCH, nextEpoch } from '@meridian/domain';
import type { MeterReading, RateId, Session, SessionCommand } from '@meridian/domain';
import {
  aLease,
  aRate,
  aSession,
  aTenant,
  FakeRecord,
  FakeTenantRepository,
  LATER_MS,
  observe,
  reserve,
  SeededDraw,
  sessionId,
  tenantId,
  workerId,
} from '@meridian/testkit';
import { openRecord } from '../testing/fixture.ts';
import type { RecordFixture } from '../testing/fixture.ts';

const T0 = Date.UTC(2026, 10, 2, 22, 40);
const MINUTE_MS = 60_000;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9);
const RUNS = 3;
const SESSIONS = 8;
const STEPS = 40;
const TENANTS = [tenantId('t0'), tenantId('t1')];

interface Stores {
  readonly tenants: TenantRepository;
  readonly sessions: SessionRepository;
  readonly usage: UsageRepository;
  readonly usageHours: UsageHours;
  readonly setAside: SetAside;
}

/** A session as its workers see it; the newest reading of the epoch that it is at, and of the one before. */
interface Played {
  session: Session;
  reading: MeterReading;
  left: MeterReading | undefined;
}

/** Sessions that run, move, end, and are told of in order or not. What happens does not depend on what stores answer. */
class Story {
  readonly #draw: SeededDraw;
  readonly #stores: readonly Stores[];
  readonly #played: Played[] = [];
  #nowMs = T0;

  constructor(seed: number, stores: readonly Stores[]) {
    this.#draw = new SeededDraw(seed);
    this.#stores = stores;
  }

  async play(): Promise<void> {
    for (const id of TENANTS) await this.#each((to) => to.tenants.createTenant(aTenant({ tenantId: id })));
    await this.#each((to) => to.usage.addRate(aRate()));
    for (let name = 0; name < SESSIONS; name++) await this.#begin(name);
    for (let step = 0; step < STEPS; step++) await this.#step(step);
    await this.#each((to) => to.usage.cutOpen(this.#nowMs, 1_000));
    await this.#each((to) => to.usageHours.rollUp(1_000));
  }

  async #step(step: number): Promise<void> {
    this.#nowMs += this.#draw.below(15 * MINUTE_MS);
    const some = this.#played.filter(() => this.#draw.chance(0.7));
    for (const one of some) this.#use(one);
    await this.#tell(some);
    const one = this.#draw.pick(this.#played);
    if (one && this.#draw.chance(0.15)) await this.#move(one);
    if (one && this.#draw.chance(0.1)) this.#restart(one);
    if (one && this.#draw.chance(0.08)) await this.#end(one);
    if (this.#draw.chance(0.1)) await this.#each((to) => to.usage.cutOpen(this.#nowMs - MINUTE_MS, 1_000));
    if (this.#draw.chance(0.3)) await this.#each((to) => to.usageHours.rollUp(1_000));
    const rate = aRate({
      rateId: `rate_${step}` as RateId,
      effectiveFromMs: this.#nowMs,
      recordedAtMs: this.#nowMs,
    });
    const nanoPerGpuHour = BigInt(this.#draw.below(1e9));
    if (this.#draw.chance(0.1)) await this.#each((to) => to.usage.addRate({ ...rate, nanoPerGpuHour }));
  }

  async #begin(name: number): Promise<void> {
    const request = { sessionId: sessionId(name), tenantId: TENANTS[name % 2] ?? tenantId('t0') };
    const { session, events } = aSession(
      request,
      this.#nowMs,
      reserve(this.#nowMs),
      observe(this.#nowMs, 'active'),
    );
    await this.#each((to) => to.sessions.create(session, events, undefined));
    const reading = {
      sessionId: request.sessionId,
      epoch: FIRST_EPOCH,
      startedUs: 1,
      seq: 0,
      atMs: this.#nowMs,
    };
    const counters = { activeMs: 0, frames: 0, lateFrames: 0 };
    this.#played.push({ session, reading: { ...reading, ...counters }, left: undefined });
  }

  #use(played: Played): void {
    const { seq, activeMs, atMs } = played.reading;
    const usedMs = this.#draw.below(this.#nowMs - atMs + 1);
    const slots = this.#draw.pick([0, 2, 2, 2, 4]) ?? 0;
    const counters = { activeMs: activeMs + usedMs, frames: Math.floor((activeMs + usedMs) / 40) };
    played.reading = { ...played.reading, ...counters, seq: seq + 1, slots, atMs: this.#nowMs };
  }

  /** In one batch, in any order: news, things told before, and now and then what cannot be. */
  async #tell(some: readonly Played[]): Promise<void> {
    const told = some.flatMap(({ reading, left }) => [
      reading,
      ...(left && this.#draw.chance(0.3)
        ? [{ ...left, seq: left.seq + 1, activeMs: left.activeMs + 40 }]
        : []),
      ...(this.#draw.chance(0.1) ? [reading] : []),
      ...(this.#draw.chance(0.05) ? [{ ...reading, seq: reading.seq + 1_000, activeMs: 1 }] : []),
      ...(this.#draw.chance(0.05) ? [{ ...reading, epoch: nextEpoch(reading.epoch) }] : []),
    ]);
    const batch = told.map((reading) => ({ reading, key: this.#draw.next() })).sort((a, b) => a.key - b.key);
    await this.#each((to) => to.usage.apply(batch.map(({ reading }) => reading)));
  }

  async #move(played: Played): Promise<void> {
    const { session, reading } = played;
    if (session.state !== 'active') return;
    const at = { atMs: this.#nowMs };
    const epoch = nextEpoch(reading.epoch);
    const lost = workerId('us-east-1');
    const lease = aLease({ epoch, workerId: lost });
    const moved = await this.#append(played, [
      { type: 'lose-worker', ...at, workerId: lost, epoch: reading.epoch, reason: 'drain' },
      { type: 'migrate', ...at, lease, considered: [] },
      { type: 'observe', ...at, epoch, activity: 'active' },
    ]);
    if (!moved) return;
    played.left = reading;
    played.reading = { ...reading, ...at, epoch, seq: 0, activeMs: 0, frames: 0, lateFrames: 0 };
  }

  /** Its worker's next process counts from 0 at the same epoch; what the one before counted may be told later. */
  #restart(played: Played): void {
    const { reading } = played;
    played.left = reading;
    const begun = { startedUs: reading.startedUs + 1, seq: 0, activeMs: 0, frames: 0, lateFrames: 0 };
    played.reading = { ...reading, ...begun, atMs: this.#nowMs };
  }

  async #end(played: Played): Promise<void> {
    if (played.session.state === 'ended') return;
    this.#use(played);
    const final = this.#draw.chance(0.5) ? played.reading : undefined;
    await this.#append(played, [{ type: 'end', atMs: this.#nowMs, reason: 'client_ended' }], final);
  }

  async #append(played: Played, commands: readonly SessionCommand[], final?: MeterReading): Promise<boolean> {
    const { session: before } = played;
    const { session, events } = decideAll(commands, before);
    if (events.length === 0) return false;
    await this.#each((to) => to.sessions.append(session, events, before.eventCount, final));
    played.session = session;
    return true;
  }

  async #each(use: (stores: Stores) => Promise<unknown>): Promise<void> {
    for (const stores of this.#stores) await use(stores);
  }
}

/** All that a reader can see. */
async function seen({ usage, usageHours, setAside }: Stores) {
  const names = Array.from({ length: SESSIONS }, (_, name) => sessionId(name));
  return {
    segments: await Promise.all(names.map((name) => usage.segments(name))),
    usage: await Promise.all(names.map((name) => usage.sessionUsage(name))),
    hours: await usageHours.hours(0, LATER_MS),
    setAside: await setAside.list({ limit: 1_000 }),
  };
}

describe(`PostgreSQL and the fake (SEED=${SEED} plays it again)`, () => {
  let record: RecordFixture;
  beforeAll(async () => {
    record = await openRecord();
  });
  afterAll(() => record.drop());

  it.each(Array.from({ length: RUNS }, (_, run) => SEED + run))(
    'agree on what was used, seed %i',
    async (seed) => {
      await record.clear();
      const fake = new FakeRecord({ nowMs: () => LATER_MS });
      const { sessions, usage, usageHours, setAsideReadings: setAside } = fake;
      const stores = [
        { tenants: new FakeTenantRepository(), sessions, usage, usageHours, setAside },
        record,
      ] as const;
      await new Story(seed, stores).play();
      const [expected, found] = [await seen(stores[0]), await seen(record)];
      expect(found).toEqual(expected);
      expect(expected.segments.flat().length).toBeGreaterThan(20);
      expect(expected.setAside.length).toBeGreaterThan(0);
    },
    60_000,
  );
});
