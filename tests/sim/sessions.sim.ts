// The whole control plane on virtual time, from a seed: opens, ends, worker losses, stores away, lost replies.
//
// L1. A slot has at most one live lease, and no worker runs more sessions than it has slots for long.
// L2. Two workers never both serve a session at its own epoch.
// L3. A lost reply leaks no slot and opens no second session: once all is quiet, what is held is what is open.
// L4. A store that is away ends no session.
// M1. Usage on record is what the workers counted: nothing twice, nothing lost but what died unreported with a worker.
//
// Run one seed again with SIM_SEED=n, many with SIM_SEEDS=n.
import { describe, expect, it } from '@jest/globals';
import type { Incarnation, Session, SessionId, WorkerId } from '@meridian/domain';
import { StoreUnavailable } from '@meridian/application';
import {
  aTenant,
  EU_WEST,
  makeWorld,
  RegionStore,
  SeededDraw,
  tenantId,
  US_EAST,
  workerId,
  type Fate,
  type SimWorker,
  type World,
} from '@meridian/testkit';

const SEEDS = process.env['SIM_SEED']
  ? [Number(process.env['SIM_SEED'])]
  : Array.from({ length: Number(process.env['SIM_SEEDS'] ?? 12) }, (_, i) => i + 1);
const STEPS = 240;
const SLOTS = 2;

class Simulation {
  readonly draw: SeededDraw;
  readonly world: World;
  /** Calls to stores fail now and then while this is set. */
  #chaos = true;
  readonly #crashes: boolean;
  readonly #back = new Map<{ away: boolean }, number>();
  #steps = 0;
  readonly #opened = new Set<SessionId>();
  readonly #asking: Parameters<World['open']>[0][] = [];
  #keys = 0;
  #incarnations = 0;

  constructor(seed: number, crashes: boolean) {
    this.#crashes = crashes;
    this.draw = new SeededDraw(seed);
    const fate = (): Fate => {
      if (!this.#chaos) return 'works';
      const chance = this.draw.next();
      return chance < 0.02 ? 'refused' : chance < 0.04 ? 'reply-lost' : 'works';
    };
    this.world = makeWorld({ seed, leaseFates: fate, sessionFates: fate });
  }

  async begin(): Promise<void> {
    for (const region of [US_EAST, EU_WEST]) {
      for (const name of ['a', 'b', 'c']) await this.#startWorker(workerId(`${region}-${name}`), region);
    }
  }

  /** One thing that happens to the house, then a second of its life. */
  async step(): Promise<void> {
    this.#steps += 1;
    await this.#storesReturn();
    const happenings: readonly (readonly [number, () => Promise<void>])[] = [
      [0.22, () => this.#open()],
      [0.12, () => this.#end()],
      [0.15, () => this.#workerEnds()],
      [0.1, () => this.#comeAndGo()],
      [0.03, () => (this.#crashes ? this.#crash() : Promise.resolve())],
      [0.1, () => this.#restart()],
      [0.02, () => this.#storeAway()],
      [0.26, async () => undefined],
    ];
    let chance = this.draw.next();
    const happens = happenings.find(([share]) => (chance -= share) < 0);
    await this.#inSpite(() => happens?.[1]() ?? Promise.resolve());
    await this.#clientsAsk();
    await this.#clientsClaim();
    await this.#gatewaysNotice();
    await this.#live(1_000);
    this.checkAlways();
  }

  /** Nothing fails any more, nobody comes, and every client leaves. */
  async settle(): Promise<void> {
    this.#chaos = false;
    for (const region of [US_EAST, EU_WEST]) this.world.store(region).away = false;
    this.world.record.away = false;
    await this.#clientsAsk();
    await this.#live(90_000);
    for (const id of this.#opened) await this.world.endSession({ sessionId: id, reason: 'client_ended' });
    await this.#live(90_000);
  }

  checkAlways(): void {
    for (const region of [US_EAST, EU_WEST]) {
      const addresses = new Set(this.#alive().map((worker) => worker.registration.address));
      const leases = [...this.world.store(region).leases.values()].map(({ lease }) => lease);
      const slots = leases
        .filter((l) => addresses.has(l.workerAddress))
        .map((l) => `${l.workerId} ${l.slot}`);
      expect(new Set(slots).size).toBe(slots.length);
    }
    const served = this.#alive().flatMap((worker) => worker.running.map((r) => `${r.sessionId} ${r.epoch}`));
    expect(new Set(served).size).toBe(served.length);
    for (const worker of this.#alive()) expect(worker.running.length).toBeLessThanOrEqual(SLOTS);
  }

  async checkAtRest(): Promise<void> {
    const { record, store } = this.world;
    expect([...record.rows.values()].filter(({ session }) => session.state !== 'ended')).toEqual([]);
    expect([...record.rows.keys()].toSorted()).toEqual([...this.#opened].toSorted());
    for (const region of [US_EAST, EU_WEST]) expect([...store(region).leases.values()]).toEqual([]);
    expect(this.#alive().flatMap((worker) => worker.running)).toEqual([]);
    for (const worker of this.#alive()) this.#checkCounters(worker);
    for (const { session } of record.rows.values()) await this.#checkHistory(session);
    const cost = await this.world.readFleetCost(0, this.world.clock.nowMs() + 1);
    expect(cost.sessionNano + cost.idleNano).toBe(cost.billNano);
  }

  /** What a worker counted to the end of a session is on record, to the last unit. */
  #checkCounters(worker: SimWorker): void {
    for (const { sessionId, epoch, activeMs, frames } of worker.history) {
      const meter = this.world.record.metersOf(sessionId).find((m) => m.epoch === epoch);
      expect({ sessionId, epoch, activeMs: meter?.last.activeMs, frames: meter?.last.frames }).toEqual({
        ...{ sessionId, epoch, activeMs, frames },
      });
    }
  }

  async #checkHistory({ request: { sessionId } }: Session): Promise<void> {
    const events = this.world.record.rows.get(sessionId)?.events ?? [];
    const epochs = events.flatMap((e) =>
      e.type === 'reserved' || e.type === 'migrated' ? [e.lease.epoch] : [],
    );
    expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b));
    const meters = this.world.record.metersOf(sessionId);
    const segments = this.world.record.segmentsOf(sessionId);
    for (const counter of ['activeMs', 'frames'] as const) {
      const cut = segments.reduce((sum, segment) => sum + segment[counter], 0);
      expect(cut).toBe(meters.reduce((sum, meter) => sum + meter.last[counter], 0));
    }
  }

  async #open(): Promise<void> {
    const tenant = aTenant({ tenantId: tenantId(this.draw.below(3)) });
    const near = this.draw.chance(0.5);
    const rttMs = { [US_EAST]: near ? 10 : 90, [EU_WEST]: near ? 90 : 10 };
    this.#asking.push({ tenant, rttMs, idempotencyKey: `key ${(this.#keys += 1)}` });
  }

  /** A client that gets no answer asks again with its key, as the SDK does. */
  async #clientsAsk(): Promise<void> {
    for (const asked of this.#asking.splice(0)) {
      try {
        const outcome = await this.world.open(asked);
        if (outcome.kind !== 'opened') throw new Error(outcome.kind);
        this.#opened.add(outcome.session.request.sessionId);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.#asking.push(asked);
      }
    }
  }

  async #end(): Promise<void> {
    const sessionId = this.draw.pick([...this.#opened]);
    if (sessionId) await this.world.endSession({ sessionId, reason: 'client_ended' });
  }

  async #workerEnds(): Promise<void> {
    const worker = this.draw.pick(this.#alive());
    const session = worker && this.draw.pick(worker.running);
    if (worker && session) worker.end(session.sessionId, 'idle');
  }

  /** Most clients take up their claim within some seconds, at once or after a wait. */
  async #clientsClaim(): Promise<void> {
    for (const sessionId of this.#opened) {
      const session = this.world.record.rows.get(sessionId)?.session;
      if (session?.state === 'reserved' && this.draw.chance(0.4)) await this.world.connect(session);
    }
  }

  /** A client goes, or comes back. */
  async #comeAndGo(): Promise<void> {
    const sessionId = this.draw.pick([...this.#opened]);
    const session = sessionId && this.world.record.rows.get(sessionId)?.session;
    if (!session || session.state === 'ended') return;
    if (this.draw.chance(0.3))
      for (const worker of this.#alive()) worker.disconnect(session.request.sessionId);
    else await this.world.connect(session);
  }

  async #crash(): Promise<void> {
    this.draw.pick(this.#alive())?.crash();
  }

  async #restart(): Promise<void> {
    const dead = this.world.fleet.filter((w) => !w.alive && !this.#alive().some((a) => sameId(a, w)));
    const one = this.draw.pick(dead);
    if (one) await this.#startWorker(one.registration.workerId, one.registration.region);
  }

  async #startWorker(id: WorkerId, region: typeof US_EAST): Promise<void> {
    const incarnation = `i${(this.#incarnations += 1)}` as Incarnation;
    const address = `${id}-${incarnation}:1`;
    await this.world.addWorker({ workerId: id, incarnation, region, address, slots: SLOTS });
  }

  /** A store or the record goes away, for some seconds in which life goes on. */
  async #storeAway(): Promise<void> {
    const store = this.draw.pick([this.world.store(US_EAST), this.world.store(EU_WEST), this.world.record]);
    if (!store) return;
    store.away = true;
    this.#back.set(store, this.#steps + 1 + this.draw.below(20));
  }

  /** Jobs look before the heartbeats that were held up arrive. A store that kept nothing on disk comes back empty. */
  async #storesReturn(): Promise<void> {
    for (const [store, atStep] of this.#back) {
      if (this.#steps < atStep) continue;
      this.#back.delete(store);
      store.away = false;
      if (store instanceof RegionStore && this.draw.chance(0.3)) store.flush();
      await this.#inSpite(async () => void (await this.world.takeLostWorkers()));
    }
  }

  /** Gateways whose worker is gone ask for another place, and dial it. */
  async #gatewaysNotice(): Promise<void> {
    for (const sessionId of this.#opened) {
      const session = this.world.record.rows.get(sessionId)?.session;
      const lease = session?.state === 'ended' || session?.state === 'reserved' ? undefined : session?.lease;
      if (!session || !lease || this.#alive().some((w) => w.registration.address === lease.workerAddress))
        continue;
      await this.#inSpite(async () => {
        const lost = { sessionId, lostEpoch: lease.epoch, lostWorkerId: lease.workerId };
        const outcome = await this.world.replaceSession(lost);
        if (outcome.kind === 'replaced') await this.world.connect(outcome.session);
      });
    }
  }

  #live(ms: number): Promise<void> {
    return this.#inSpite(() => this.world.pass(ms));
  }

  async #inSpite(happening: () => Promise<void>): Promise<void> {
    try {
      await happening();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  #alive(): readonly SimWorker[] {
    return this.world.fleet.filter((worker) => worker.alive);
  }
}

const sameId = (a: SimWorker, b: SimWorker): boolean => a.registration.workerId === b.registration.workerId;

const run = async (seed: number, crashes: boolean): Promise<Simulation> => {
  const simulation = new Simulation(seed, crashes);
  await simulation.begin();
  for (let step = 0; step < STEPS; step += 1) await simulation.step();
  await simulation.settle();
  await simulation.checkAtRest();
  return simulation;
};

describe('the control plane in simulation', () => {
  it.each(SEEDS)('keeps its invariants (SIM_SEED=%i)', async (seed) => {
    await run(seed, true);
  });

  it.each(SEEDS)('loses no session to stores that are away (L4, SIM_SEED=%i)', async (seed) => {
    const { world } = await run(seed, false);
    const events = [...world.record.rows.values()].flatMap((row) => row.events);
    expect(events.filter((event) => event.type === 'migrating')).toEqual([]);
    expect(events.filter((event) => event.type === 'ended' && event.reason === 'worker_lost')).toEqual([]);
  });
});
