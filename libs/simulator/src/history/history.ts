// A random history of the whole house from a seed: opens, ends, worker losses, drains, slow workers, stores away, lost replies. What
// must hold is checked after every step, and once all is quiet (invariants.ts).
import {
  StoreUnavailable,
  type OpenGroupCommand,
  type OpenSessionCommand,
  type ReplaceSessionCommand,
} from '@meridian/application';
import type { Incarnation, RegionId, Session, SessionId, WorkerId } from '@meridian/domain';
import {
  aTenant,
  EU_WEST,
  GALLERY,
  makeWorld,
  RegionStore,
  SeededDraw,
  tenantId,
  US_EAST,
  workerId,
  type Fate,
  type SimWorker,
  type World,
} from '@meridian/testkit/world';

export interface HistoryOptions {
  readonly seed: number;
  readonly steps: number;
  /** Workers crash, too; without, no session may be lost (L4). */
  readonly crashes: boolean;
}

/** The workers of each region. A pool has workers of several sizes while it is being exchanged. */
const WORKERS = [
  { name: 'a', slots: 2, gpus: 1 },
  { name: 'b', slots: 2, gpus: 1 },
  { name: 'c', slots: 4, gpus: 2 },
] as const;
const REGIONS = [US_EAST, EU_WEST] as const;
/** GPUs that sessions ask for; undefined: one slot. */
const GPUS = [undefined, undefined, undefined, 0.5, 1, 2] as const;

export class History {
  readonly world: World;
  /** What happened, a line each. */
  readonly timeline: string[] = [];
  readonly opened = new Set<SessionId>();
  readonly #draw: SeededDraw;
  readonly #crashes: boolean;
  readonly #handOvers = new Map<SessionId, Omit<ReplaceSessionCommand, 'planned' | 'sessionId'>>();
  readonly #back = new Map<{ away: boolean }, { readonly atStep: number; readonly name: string }>();
  readonly #asking: Partial<OpenSessionCommand>[] = [];
  readonly #groupsAsking: OpenGroupCommand[] = [];
  readonly #startMs: number;
  /** Calls to stores fail now and then while this is set. */
  #chaos = true;
  #steps = 0;
  #keys = 0;
  #incarnations = 0;

  constructor({ seed, crashes }: HistoryOptions) {
    this.#crashes = crashes;
    this.#draw = new SeededDraw(seed);
    const fate = (): Fate => {
      if (!this.#chaos) return 'works';
      const chance = this.#draw.next();
      return chance < 0.02 ? 'refused' : chance < 0.04 ? 'reply-lost' : 'works';
    };
    this.world = makeWorld({ seed, leaseFates: fate, sessionFates: fate });
    this.#startMs = this.world.clock.nowMs();
  }

  async begin(): Promise<void> {
    for (const region of REGIONS) {
      for (const { name } of WORKERS) await this.#startWorker(workerId(`${region}-${name}`), region);
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
      [0.03, () => this.#slowOrFast()],
      [0.04, () => this.#openGroup()],
      [0.03, () => this.#drainOrNot()],
      [0.16, async () => undefined],
    ];
    let chance = this.#draw.next();
    const happens = happenings.find(([share]) => (chance -= share) < 0);
    await this.#inSpite(() => happens?.[1]() ?? Promise.resolve());
    await this.#clientsAsk();
    await this.#groupsAsk();
    await this.#clientsClaim();
    await this.#gatewaysNotice();
    await this.#gatewaysHandOver();
    await this.#live(1_000);
  }

  /** Nothing fails any more, nobody comes, and every client leaves. */
  async settle(): Promise<void> {
    this.#chaos = false;
    for (const region of REGIONS) this.world.store(region).away = false;
    this.world.record.away = false;
    for (const worker of this.world.fleet) {
      worker.lateShare = 0;
      await this.world.drainWorker(worker.registration.workerId, false);
    }
    this.#tell('all is well again, and every client leaves');
    await this.#clientsAsk();
    await this.#groupsAsk();
    await this.#gatewaysHandOver();
    await this.#live(90_000);
    for (const id of this.opened) await this.world.endSession({ sessionId: id, reason: 'client_ended' });
    await this.#live(90_000);
  }

  get alive(): readonly SimWorker[] {
    return this.world.fleet.filter((worker) => worker.alive);
  }

  async #open(): Promise<void> {
    const tenant = aTenant({ tenantId: tenantId(this.#draw.below(3)) });
    const near = this.#draw.chance(0.5);
    const gpus = this.#draw.pick(GPUS);
    const rttMs = { [US_EAST]: near ? 10 : 90, [EU_WEST]: near ? 90 : 10 };
    const asked = { tenant, rttMs, idempotencyKey: `key ${(this.#keys += 1)}` };
    this.#asking.push(gpus === undefined ? asked : { ...asked, gpus });
  }

  async #openGroup(): Promise<void> {
    const tenant = aTenant({ tenantId: tenantId(this.#draw.below(3)) });
    const near = this.#draw.chance(0.5);
    const rttMs = { [US_EAST]: near ? 10 : 90, [EU_WEST]: near ? 90 : 10 };
    const members = Array.from({ length: 2 + this.#draw.below(3) }, () => ({ rttMs, metadata: {} }));
    const idempotencyKey = `key ${(this.#keys += 1)}`;
    this.#groupsAsking.push({ tenant, model: GALLERY.model, members, idempotencyKey });
  }

  async #groupsAsk(): Promise<void> {
    for (const asked of this.#groupsAsking.splice(0)) {
      const what = `open ${asked.idempotencyKey}, a group of ${asked.members.length}`;
      try {
        const outcome = await this.world.openGroup(asked);
        this.#tell(
          `${what}: ${outcome.kind === 'opened' ? outcome.sessions.map(placeOf).join('; ') : outcome.kind}`,
        );
        if (outcome.kind !== 'opened') continue;
        for (const { request } of outcome.sessions) this.opened.add(request.sessionId);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.#tell(`${what}: no answer`);
        this.#groupsAsking.push(asked);
      }
    }
  }

  /** A client that gets no answer asks again with its key, as the SDK does. */
  async #clientsAsk(): Promise<void> {
    for (const asked of this.#asking.splice(0)) {
      try {
        const outcome = await this.world.open(asked);
        this.#tell(`open ${asked.idempotencyKey}, ${asked.gpus ?? 'any'} GPU: ${describe(outcome)}`);
        if (outcome.kind === 'opened') this.opened.add(outcome.session.request.sessionId);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.#tell(`open ${asked.idempotencyKey}: no answer`);
        this.#asking.push(asked);
      }
    }
  }

  async #end(): Promise<void> {
    const sessionId = this.#draw.pick([...this.opened]);
    if (!sessionId) return;
    this.#tell(`client ends ${sessionId}`);
    await this.world.endSession({ sessionId, reason: 'client_ended' });
  }

  async #workerEnds(): Promise<void> {
    const worker = this.#draw.pick(this.alive);
    const session = worker && this.#draw.pick(worker.running);
    if (!worker || !session) return;
    this.#tell(`${worker.registration.workerId} ends ${session.sessionId}: idle`);
    worker.end(session.sessionId, 'idle');
  }

  /** Most clients take up their claim within some seconds, at once or after a wait. */
  async #clientsClaim(): Promise<void> {
    for (const sessionId of this.opened) {
      const session = this.#session(sessionId);
      if (session?.state !== 'reserved' || !this.#draw.chance(0.4)) continue;
      const reached = await this.world.connect(session);
      this.#tell(`client of ${sessionId} connects to ${placeOf(session)}${reached ? '' : ': nobody there'}`);
    }
  }

  /** A client goes, or comes back. */
  async #comeAndGo(): Promise<void> {
    const sessionId = this.#draw.pick([...this.opened]);
    const session = sessionId && this.#session(sessionId);
    if (!session || session.state === 'ended') return;
    if (this.#draw.chance(0.3)) {
      this.#tell(`client of ${sessionId} is gone`);
      for (const worker of this.alive) worker.disconnect(session.request.sessionId);
    } else {
      this.#tell(`client of ${sessionId} comes (back)`);
      await this.world.connect(session);
    }
  }

  async #crash(): Promise<void> {
    const worker = this.#draw.pick(this.alive);
    if (!worker) return;
    this.#tell(`${worker.registration.workerId} crashes`);
    worker.crash();
  }

  /** A worker misses its deadlines from now on, or keeps them again. */
  async #slowOrFast(): Promise<void> {
    const worker = this.#draw.pick(this.alive);
    if (!worker) return;
    worker.lateShare = worker.lateShare > 0 ? 0 : 0.5;
    this.#tell(
      `${worker.registration.workerId} ${worker.lateShare > 0 ? 'misses its deadlines' : 'keeps pace'}`,
    );
  }

  /** An operator drains a worker, or takes it back. */
  async #drainOrNot(): Promise<void> {
    const worker = this.#draw.pick(this.alive);
    if (!worker) return;
    const { kind } = await this.world.drainWorker(worker.registration.workerId, !worker.draining);
    this.#tell(`${worker.registration.workerId} is ${worker.draining ? 'taken back' : 'drained'}: ${kind}`);
  }

  async #restart(): Promise<void> {
    const dead = this.world.fleet.filter((w) => !w.alive && !this.alive.some((a) => sameId(a, w)));
    const one = this.#draw.pick(dead);
    if (one) await this.#startWorker(one.registration.workerId, one.registration.region);
  }

  async #startWorker(id: WorkerId, region: RegionId): Promise<void> {
    const incarnation = `i${(this.#incarnations += 1)}` as Incarnation;
    const { slots, gpus } = WORKERS.find(({ name }) => id.endsWith(`-${name}`)) ?? WORKERS[0];
    this.#tell(`${id} starts with ${slots} slots on ${gpus} GPU(s)`);
    await this.world.addWorker({
      workerId: id,
      incarnation,
      region,
      address: `${id}:1`,
      slots,
      gpus,
    });
  }

  /** A store or the record goes away, for some seconds in which life goes on. */
  async #storeAway(): Promise<void> {
    const [name, store] = this.#draw.pick(this.#stores()) ?? [];
    if (!name || !store) return;
    store.away = true;
    const atStep = this.#steps + 1 + this.#draw.below(20);
    this.#tell(`${name} is away until step ${atStep}`);
    this.#back.set(store, { atStep, name });
  }

  #stores(): readonly (readonly [string, { away: boolean }])[] {
    return [
      ...REGIONS.map((region) => [`store of ${region}`, this.world.store(region)] as const),
      ['record', this.world.record],
    ];
  }

  /** Jobs look before the heartbeats that were held up arrive. A store that kept nothing on disk comes back empty. */
  async #storesReturn(): Promise<void> {
    for (const [store, { atStep, name }] of this.#back) {
      if (this.#steps < atStep) continue;
      this.#back.delete(store);
      store.away = false;
      const isEmpty = store instanceof RegionStore && this.#draw.chance(0.3);
      if (isEmpty) store.flush();
      this.#tell(`${name} is back${isEmpty ? ', empty' : ''}`);
      await this.#inSpite(async () => void (await this.world.takeLostWorkers()));
    }
  }

  /** Gateways whose worker is gone ask for another place, and dial it. */
  async #gatewaysNotice(): Promise<void> {
    for (const sessionId of this.opened) {
      const session = this.#session(sessionId);
      const lease = session?.state === 'ended' || session?.state === 'reserved' ? undefined : session?.lease;
      if (!session || !lease || this.alive.some((w) => w.registration.address === lease.workerAddress))
        continue;
      await this.#inSpite(async () => {
        const lost = { sessionId, lostEpoch: lease.epoch, lostWorkerId: lease.workerId };
        const outcome = await this.world.replaceSession({ ...lost, planned: false });
        const where = outcome.kind === 'replaced' ? `to ${placeOf(outcome.session)}` : outcome.kind;
        this.#tell(`gateway of ${sessionId} lost ${lease.workerId}: ${where}`);
        if (outcome.kind === 'replaced') await this.world.connect(outcome.session);
      });
    }
  }

  /**
   * A worker that drains asks for its sessions to be moved: the old one stops, then the new one goes on. A gateway that
   * got no answer asks again, also when the old worker has stopped meanwhile.
   */
  async #gatewaysHandOver(): Promise<void> {
    for (const { draining, running, registration } of this.alive) {
      for (const { sessionId, epoch, activity } of draining ? running : []) {
        if (activity !== 'active') continue;
        this.#handOvers.set(sessionId, { lostEpoch: epoch, lostWorkerId: registration.workerId });
      }
    }
    for (const [sessionId, from] of this.#handOvers) {
      await this.#inSpite(() => this.#handOver({ sessionId, ...from }));
    }
  }

  async #handOver(from: Omit<ReplaceSessionCommand, 'planned'>): Promise<void> {
    const { sessionId, lostWorkerId } = from;
    const outcome = await this.world.replaceSession({ ...from, planned: true });
    this.#handOvers.delete(sessionId);
    const where = outcome.kind === 'replaced' ? `to ${placeOf(outcome.session)}` : outcome.kind;
    this.#tell(`${lostWorkerId} drains and hands over ${sessionId}: ${where}`);
    if (outcome.kind !== 'replaced') return;
    this.alive
      .find(({ registration }) => registration.workerId === lostWorkerId)
      ?.end(sessionId, 'worker_lost');
    await this.world.connect(outcome.session);
  }

  #session(sessionId: SessionId): Session | undefined {
    return this.world.record.rows.get(sessionId)?.session;
  }

  #live(ms: number): Promise<void> {
    return this.#inSpite(() => this.world.pass(ms));
  }

  #tell(what: string): void {
    const seconds = Math.round((this.world.clock.nowMs() - this.#startMs) / 1_000);
    this.timeline.push(`step ${String(this.#steps).padStart(3)}  ${String(seconds).padStart(4)} s  ${what}`);
  }

  async #inSpite(happening: () => Promise<void>): Promise<void> {
    try {
      await happening();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#tell(error.message);
    }
  }
}

const sameId = (a: SimWorker, b: SimWorker): boolean => a.registration.workerId === b.registration.workerId;

const placeOf = ({ lease }: Session): string =>
  lease ? `${lease.workerId} slot ${lease.slot}, ${lease.width} wide, epoch ${lease.epoch}` : 'nowhere';

function describe(outcome: Awaited<ReturnType<World['open']>>): string {
  if (outcome.kind !== 'opened') return outcome.kind;
  const { session, replayed } = outcome;
  const id = session.request.sessionId;
  return `${replayed ? 'again ' : ''}${id} ${session.state}${session.lease ? ` at ${placeOf(session)}` : ''}`;
}
