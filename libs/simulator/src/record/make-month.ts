import { FIRST_EPOCH, nextEpoch } from '@meridian/domain';
import { SeededDraw } from '@meridian/testkit/world';
import { EventQueue } from '../engine/event-queue.ts';
import { MonthFleet, type Held, type Member } from './month-fleet.ts';
import { DAY_MS, POOLS } from './month-scenario.ts';
import { visitsOf, type Visit } from './month-visits.ts';
import type { Month, SessionLife, Stay, WorkerLife } from './month.ts';

const MINUTE_MS = 60_000;
const INCIDENT_MS = 150 * MINUTE_MS;

export interface MonthOptions {
  readonly days: number;
  readonly seed: number;
  /** When the month ends, Unix ms; everybody still there leaves then. */
  readonly toMs: number;
}

/** The same options give the same month. */
export const makeMonth = (options: MonthOptions): Month => new MonthRun(options).run();

interface Playing {
  readonly visit: Visit;
  held: Held;
  sinceMs: number;
  readonly stays: (Omit<Stay, 'worker'> & { readonly member: Member })[];
}

class MonthRun {
  readonly #options: MonthOptions;
  readonly #fromMs: number;
  readonly #fleets: readonly MonthFleet[];
  readonly #events = new EventQueue();
  readonly #playing = new Set<Playing>();
  readonly #over: Playing[] = [];
  #refused = 0;

  constructor(options: MonthOptions) {
    this.#options = options;
    const { days, seed, toMs } = options;
    this.#fromMs = toMs - days * DAY_MS;
    const draw = new SeededDraw(seed + 2);
    this.#fleets = POOLS.map((pool) => new MonthFleet(pool, draw, this.#fromMs));
  }

  run(): Month {
    const { days, seed, toMs } = this.#options;
    const visits = visitsOf(days, seed, toMs).filter(({ atMs }) => atMs >= this.#fromMs);
    for (const visit of visits) this.#events.plan(visit.atMs, () => this.#arrive(visit));
    for (let atMs = this.#fromMs; atMs < toMs; atMs += MINUTE_MS) {
      this.#events.plan(atMs, () => this.#fleets.forEach((fleet) => fleet.tend(atMs)));
    }
    const incidentMs = this.#fromMs + Math.floor((0.6 * days * DAY_MS) / MINUTE_MS) * MINUTE_MS;
    this.#events.plan(incidentMs, () => this.#incident(incidentMs));
    for (let next = this.#events.next(); next && next.atMs < toMs; next = this.#events.next()) next.run();
    for (const playing of [...this.#playing]) this.#leave(playing, toMs);
    for (const fleet of this.#fleets) fleet.close(toMs);
    return this.#month();
  }

  #arrive(visit: Visit): void {
    const held = this.#place(visit, visit.atMs);
    if (!held) {
      this.#refused += 1;
      return;
    }
    const playing: Playing = { visit, held, sinceMs: visit.atMs, stays: [] };
    this.#playing.add(playing);
    const endsAtMs = visit.atMs + visit.durationMs;
    this.#events.plan(endsAtMs, () => this.#leave(playing, endsAtMs));
  }

  /** In the nearest region that has room for the model. */
  #place({ model, rttMs }: Visit, atMs: number): Held | undefined {
    const nearestFirst = this.#fleets
      .filter(({ pool }) => pool.model === model)
      .toSorted((a, b) => (rttMs[a.pool.region] ?? Infinity) - (rttMs[b.pool.region] ?? Infinity));
    for (const fleet of nearestFirst) {
      const held = fleet.take(atMs);
      if (held) return held;
    }
    return undefined;
  }

  #leave(playing: Playing, atMs: number): void {
    this.#stayed(playing, atMs);
    this.#fleetOf(playing.held.member).free(playing.held, atMs);
    this.#playing.delete(playing);
    this.#over.push(playing);
  }

  #stayed({ held, sinceMs, stays }: Playing, toMs: number): void {
    const epoch = stays.at(-1)?.epoch;
    const { member, slot } = held;
    stays.push({
      member,
      slot,
      fromMs: sinceMs,
      toMs,
      epoch: epoch === undefined ? FIRST_EPOCH : nextEpoch(epoch),
    });
  }

  /** Two hours and a half of unsteady frames on one worker of each pool: who can, moves away. */
  #incident(atMs: number): void {
    for (const fleet of this.#fleets) {
      const member = fleet.quarantine(atMs);
      if (!member) continue;
      for (const playing of [...this.#playing].filter(({ held }) => held.member === member))
        this.#move(playing, atMs);
      this.#events.plan(atMs + INCIDENT_MS, () => fleet.release(member, atMs + INCIDENT_MS));
    }
  }

  #move(playing: Playing, atMs: number): void {
    const next = this.#place(playing.visit, atMs);
    if (!next || playing.sinceMs === atMs) return;
    this.#stayed(playing, atMs);
    this.#fleetOf(playing.held.member).free(playing.held, atMs);
    Object.assign(playing, { held: next, sinceMs: atMs });
  }

  #fleetOf(member: Member): MonthFleet {
    const fleet = this.#fleets.find(({ all }) => all.includes(member));
    if (!fleet) throw new Error(`no fleet has ${member.life.workerId}`);
    return fleet;
  }

  #month(): Month {
    const { toMs } = this.#options;
    const lives = new Map(
      this.#fleets.flatMap(({ all }) => all).map((member) => [member, lifeOf(member, toMs)] as const),
    );
    const sessions = this.#over.flatMap((playing) => sessionOf(playing, lives));
    return {
      ...{ fromMs: this.#fromMs, toMs, refused: this.#refused, workers: [...lives.values()] },
      sessions: sessions.toSorted(
        (a, b) => a.askedAtMs - b.askedAtMs || (a.sessionId < b.sessionId ? -1 : 1),
      ),
    };
  }
}

const lifeOf = ({ life, moments, endedAtMs }: Member, toMs: number): WorkerLife => ({
  ...life,
  moments,
  endedAtMs: Math.min(endedAtMs ?? toMs, toMs),
});

function sessionOf(
  { visit, stays }: Playing,
  lives: ReadonlyMap<Member, WorkerLife>,
): readonly SessionLife[] {
  const [first, ...rest] = stays.flatMap(({ member, ...stay }): Stay[] => {
    const worker = lives.get(member);
    return worker ? [{ ...stay, worker }] : [];
  });
  const { durationMs: _asked, atMs: askedAtMs, ...who } = visit;
  return first
    ? [{ ...who, askedAtMs, stays: [first, ...rest], endedAtMs: (rest.at(-1) ?? first).toMs }]
    : [];
}
