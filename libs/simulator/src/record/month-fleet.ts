// Workers of one pool over a month: asked for as the load wants, booting, serving, draining, failing, ending. Time only
// moves forward. This is a simple fleet of its own, made to leave every kind of trace in the record; how well the house
// itself would do is what the rest of the simulator is for.
import type { Incarnation, WorkerId, WorkerMoment, WorkerStateName } from '@meridian/domain';
import type { SeededDraw } from '@meridian/testkit/world';
import type { WorkerLife } from './month.ts';
import { poolOf, type MonthPool } from './month-scenario.ts';

const MINUTE_MS = 60_000;
const BOOT_MS = 5 * MINUTE_MS;
/** Of the processes that are started, those that never become ready. */
const FAILED_START_SHARE = 0.03;
/** Slots that are kept warm beyond the busy ones: square-root staffing. */
const SPARE_PER_ROOT = 0.8;
/** A worker is given back when the load has not wanted it for this long. */
const PATIENCE_MS = 20 * MINUTE_MS;

export interface Member {
  readonly life: Omit<WorkerLife, 'endedAtMs' | 'moments'>;
  state: WorkerStateName;
  readonly taken: Set<number>;
  readonly moments: WorkerMoment[];
  /** When it is ready, or known to have failed. */
  readonly bootedAtMs: number;
  readonly fails: boolean;
  isWanted: boolean;
  /** Undefined while it lives. */
  endedAtMs?: number;
}

/** A slot that somebody holds. */
export interface Held {
  readonly member: Member;
  readonly slot: number;
}

export class MonthFleet {
  readonly pool: MonthPool;
  /** All that ever were. */
  readonly all: Member[] = [];
  readonly #draw: SeededDraw;
  #members: Member[] = [];
  #numbers = 0;
  #surplusSinceMs = Infinity;

  constructor(pool: MonthPool, draw: SeededDraw, atMs: number) {
    this.pool = pool;
    this.#draw = draw;
    this.#boot(atMs, false);
  }

  /** A slot on the fullest worker that has one. */
  take(atMs: number): Held | undefined {
    const open = this.#members.filter(
      ({ state, taken }) => state === 'ready' && taken.size < this.pool.slots,
    );
    const [member] = open.toSorted((a, b) => b.taken.size - a.taken.size);
    if (!member) return undefined;
    const slot =
      Array.from({ length: this.pool.slots }, (_unused, i) => i).find((i) => !member.taken.has(i)) ?? 0;
    member.taken.add(slot);
    this.#note(member, atMs);
    return { member, slot };
  }

  free({ member, slot }: Held, atMs: number): void {
    member.taken.delete(slot);
    if (member.state === 'draining' && member.taken.size === 0) this.#end(member, atMs);
    else this.#note(member, atMs);
  }

  /** Once a minute: boots end, and the fleet follows the load. */
  tend(atMs: number): void {
    for (const member of this.#members.filter(({ state }) => state === 'booting')) {
      if (member.bootedAtMs > atMs) continue;
      if (member.fails) this.#end(member, member.bootedAtMs);
      else this.#become(member, 'ready', member.bootedAtMs);
    }
    const wanted = this.#wanted();
    const serving = this.#members.filter(({ state }) => state === 'ready' || state === 'booting');
    for (let missing = wanted - serving.length; missing > 0; missing -= 1) this.#boot(atMs);
    this.#giveBack(serving, wanted, atMs);
    this.#adviseWarm(wanted, atMs);
  }

  /** Frames come unsteadily from the worker that most play on: it is given nothing new, and those there move away. */
  quarantine(atMs: number): Member | undefined {
    const [member] = this.#members
      .filter(({ state }) => state === 'ready')
      .toSorted((a, b) => b.taken.size - a.taken.size);
    if (member) this.#become(member, 'quarantined', atMs);
    return member;
  }

  release(member: Member, atMs: number): void {
    if (member.state === 'quarantined') this.#become(member, 'ready', atMs);
  }

  close(atMs: number): void {
    for (const member of [...this.#members]) this.#end(member, atMs);
  }

  #wanted(): number {
    const busy = this.#members.reduce((sum, { taken }) => sum + taken.size, 0);
    return Math.max(1, Math.ceil((busy + SPARE_PER_ROOT * Math.sqrt(busy)) / this.pool.slots));
  }

  #giveBack(serving: readonly Member[], wanted: number, atMs: number): void {
    if (serving.length <= wanted) this.#surplusSinceMs = Infinity;
    else this.#surplusSinceMs = Math.min(this.#surplusSinceMs, atMs);
    if (atMs - this.#surplusSinceMs < PATIENCE_MS) return;
    const [emptiest] = serving
      .filter(({ state }) => state === 'ready')
      .toSorted((a, b) => a.taken.size - b.taken.size);
    if (!emptiest) return;
    this.#surplusSinceMs = Infinity;
    this.#become(emptiest, 'draining', atMs);
    if (emptiest.taken.size === 0) this.#end(emptiest, atMs + MINUTE_MS);
  }

  /** An empty worker within the advice is a warm buffer; one beyond it stands there for nobody. */
  #adviseWarm(wanted: number, atMs: number): void {
    const ready = this.#members
      .filter(({ state }) => state === 'ready')
      .toSorted((a, b) => b.taken.size - a.taken.size);
    for (const [i, member] of ready.entries()) {
      if (member.isWanted === i < wanted) continue;
      member.isWanted = i < wanted;
      this.#note(member, atMs);
    }
  }

  #boot(atMs: number, mayFail = true): void {
    this.#numbers += 1;
    const { region, gpuType, purchase, model, slots } = this.pool;
    const workerId = `${region}-${gpuType}-${model}-${this.#numbers}` as WorkerId;
    const life = {
      ...{ workerId, region, gpuType, purchase, slots, startedAtMs: atMs, pool: poolOf(this.pool) },
      incarnation: `inc_${this.#draw.token(8)}` as Incarnation,
    };
    const fails = mayFail && this.#draw.chance(FAILED_START_SHARE);
    const bootedAtMs = atMs + BOOT_MS + this.#draw.below(MINUTE_MS);
    const member: Member = {
      life,
      state: 'booting',
      taken: new Set(),
      moments: [],
      bootedAtMs,
      fails,
      isWanted: false,
    };
    this.#members.push(member);
    this.all.push(member);
    this.#note(member, atMs);
  }

  #become(member: Member, state: WorkerStateName, atMs: number): void {
    member.state = state;
    this.#note(member, atMs);
  }

  #note({ moments, state, taken, isWanted }: Member, atMs: number): void {
    const moment = { atMs, state, usedSlots: taken.size, slots: this.pool.slots, isWanted };
    if (moments.at(-1)?.atMs === atMs) moments.pop();
    moments.push(moment);
  }

  #end(member: Member, atMs: number): void {
    this.#members = this.#members.filter((each) => each !== member);
    member.endedAtMs = atMs;
  }
}
