import type {
  ConservationCheck,
  ConservationSummary,
  GpuHourQuery,
  GpuHourRow,
  GpuHours,
  WorkerStateRow,
} from '@meridian/application';
import { bucketsOf, cutSegments, gpuHoursOf, HOUR_MS, hourOf } from '@meridian/domain';
import type { ConservationBreach, GpuHour, UsageSegment, WorkerId } from '@meridian/domain';
import { checkGpuHours, keyOfHour } from './check-gpu-hours.ts';
import type { FakeRecord } from './fake-record.ts';
import { groupGpuHours } from './group-gpu-hours.ts';

/** One hour of one worker. */
interface WorkerHourKey {
  readonly hourMs: number;
  readonly workerId: WorkerId;
}

export class FakeGpuHours implements GpuHours {
  readonly #record: FakeRecord;
  /** By worker and incarnation, rising. */
  readonly #states = new Map<string, WorkerStateRow[]>();
  #hours: readonly GpuHour[] = [];
  readonly #breaches = new Map<string, ConservationBreach>();
  readonly #checks = new Map<
    number,
    { checkedAtMs?: number; checked: number; deferred: number; stale: boolean }
  >();

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  recordStates(rows: readonly WorkerStateRow[]): Promise<void> {
    return this.#record.do(() => {
      for (const row of rows.toSorted((a, b) => a.atMs - b.atMs)) {
        const key = `${row.workerId} ${row.incarnation}`;
        const known = this.#states.get(key) ?? [];
        const last = known.at(-1);
        if (!last || (row.atMs > last.atMs && isNews(row, last))) this.#states.set(key, [...known, row]);
      }
    });
  }

  noteFailedStarts(silentSinceMs: number): Promise<number> {
    return this.#record.do(() => {
      const gone = [...this.#record.uptimes.values()].filter((u) => u.lastSeenAtMs < silentSinceMs);
      const failed = gone.filter(({ workerId, incarnation }) => {
        const states = this.#states.get(`${workerId} ${incarnation}`) ?? [];
        return states.length > 0 && states.every(({ state }) => state === 'booting');
      });
      for (const { workerId, incarnation } of failed) {
        const key = `${workerId} ${incarnation}`;
        const states = this.#states.get(key) ?? [];
        this.#states.set(
          key,
          states.map((row) => ({ ...row, state: 'failed' })),
        );
      }
      return failed.length;
    });
  }

  recompute(limit: number): Promise<number> {
    return this.#record.do(() => {
      const due = this.#all().filter((key) => this.#isDue(key));
      for (const { hourMs, workerId } of due.slice(0, limit)) {
        const others = this.#hours.filter((hour) => hour.hourMs !== hourMs || hour.workerId !== workerId);
        this.#hours = [...others, ...this.#make(hourMs, workerId)];
        const { checked = 0, deferred = 0 } = this.#checks.get(hourMs) ?? {};
        this.#checks.set(hourMs, { ...this.#checks.get(hourMs), checked, deferred, stale: true });
      }
      return Math.min(due.length, limit);
    });
  }

  hour(hourMs: number): Promise<readonly GpuHour[]> {
    return this.#record.do(() =>
      this.#hours
        .filter((hour) => hour.hourMs === hourMs)
        .sort((a, b) => (keyOfHour(a) < keyOfHour(b) ? -1 : 1)),
    );
  }

  read(query: GpuHourQuery): Promise<readonly GpuHourRow[]> {
    return this.#record.do(() =>
      bucketsOf(query, query.interval, query.timeZone).flatMap((bucket) =>
        groupGpuHours(this.#hours, query, bucket),
      ),
    );
  }

  hoursToCheck(fromMs: number, toMs: number): Promise<readonly number[]> {
    return this.#record.do(() =>
      [...this.#checks]
        .filter(([hourMs, { stale }]) => hourMs < toMs && (stale || hourMs >= fromMs))
        .map(([hourMs]) => hourMs)
        .sort((a, b) => a - b),
    );
  }

  check(hourMs: number, atMs: number): Promise<ConservationCheck> {
    return this.#record.do(() => {
      const { uptimes, rates } = this.#record;
      const segments = [...this.#record.segments.values()].filter((s) => hourOf(s.startsAtMs) === hourMs);
      const made = this.#hours.filter((hour) => hour.hourMs === hourMs);
      const sums = checkGpuHours({ hourMs, uptimes: [...uptimes.values()], rates, segments, made });
      const isLater = ({ workerId }: { workerId: WorkerId }): boolean =>
        this.#isDue({ hourMs, workerId }) || this.#open(hourMs).some((part) => part.workerId === workerId);
      const checked = sums.filter((sum) => !isLater(sum));
      const deferred = sums.length - checked.length;
      this.#checks.set(hourMs, { checkedAtMs: atMs, checked: checked.length, deferred, stale: deferred > 0 });
      const wrong = checked.filter(({ differenceNano }) => differenceNano !== 0n);
      const found = wrong.filter((sum) => this.#isNewBreach(sum)).map((sum) => ({ ...sum, foundAtMs: atMs }));
      for (const breach of found) this.#breaches.set(keyOfHour(breach), breach);
      const sound = this.#unresolved(hourMs).filter(
        (breach) => !isLater(breach) && !wrong.some((sum) => keyOfHour(sum) === keyOfHour(breach)),
      );
      for (const breach of sound) this.#breaches.set(keyOfHour(breach), { ...breach, resolvedAtMs: atMs });
      return { hourMs, checked: checked.length, deferred, found, resolved: sound.length };
    });
  }

  checks(fromMs: number, toMs: number): Promise<ConservationSummary> {
    return this.#record.do(() => {
      const all = [...this.#checks].filter(([hourMs]) => hourMs >= fromMs && hourMs < toMs);
      const done = all.flatMap(([, { checkedAtMs }]) => checkedAtMs ?? []);
      return {
        hours: done.length,
        gpuHours: all.reduce((sum, [, { checked }]) => sum + checked, 0),
        deferred: all.reduce((sum, [, each]) => sum + each.deferred, 0),
        ...(done.length > 0 && { checkedAtMs: Math.max(...done) }),
      };
    });
  }

  breaches(fromMs: number, toMs: number): Promise<readonly ConservationBreach[]> {
    return this.#record.do(() =>
      [...this.#breaches.values()]
        .filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs)
        .sort((a, b) => b.hourMs - a.hourMs || (keyOfHour(a) < keyOfHour(b) ? -1 : 1)),
    );
  }

  lag(): Promise<{ readonly marks: number; readonly oldestMs?: number }> {
    return this.#record.do(() => ({ marks: this.#all().filter((key) => this.#isDue(key)).length }));
  }

  /** Every hour in which a worker was up or paid for. */
  #all(): readonly WorkerHourKey[] {
    const all = new Map<string, WorkerHourKey>();
    const add = (hourMs: number, workerId: WorkerId) =>
      all.set(`${hourMs} ${workerId}`, { hourMs, workerId });
    for (const { workerId, startedAtMs, lastSeenAtMs } of this.#record.uptimes.values()) {
      for (let at = hourOf(startedAtMs); at < lastSeenAtMs; at += HOUR_MS) add(at, workerId);
    }
    for (const { startsAtMs, workerId } of this.#record.segments.values()) add(hourOf(startsAtMs), workerId);
    return [...all.values()].sort((a, b) => a.hourMs - b.hourMs);
  }

  #isDue({ hourMs, workerId }: WorkerHourKey): boolean {
    const known = this.#hours.filter((hour) => hour.hourMs === hourMs && hour.workerId === workerId);
    return textOf(known) !== textOf(this.#make(hourMs, workerId));
  }

  #make(hourMs: number, workerId: WorkerId): readonly GpuHour[] {
    const cut = [...this.#record.segments.values()].filter((s) => hourOf(s.startsAtMs) === hourMs);
    return gpuHoursOf({
      hourMs,
      rates: this.#record.rates,
      used: [...cut, ...this.#open(hourMs)].filter((part) => part.workerId === workerId),
      processes: [...this.#record.uptimes.values()].filter((uptime) => uptime.workerId === workerId),
      timelineOf: (incarnation) => this.#states.get(`${workerId} ${incarnation}`) ?? [],
    });
  }

  /** What is open in the hour, priced as if it were cut now. */
  #open(hourMs: number): readonly UsageSegment[] {
    return [...this.#record.meters.values()]
      .flatMap((meter) => cutSegments(meter, undefined, { rates: this.#record.rates, close: true }).segments)
      .filter(({ startsAtMs }) => hourOf(startsAtMs) === hourMs);
  }

  #unresolved(hourMs: number): readonly ConservationBreach[] {
    return [...this.#breaches.values()].filter(
      (breach) => breach.hourMs === hourMs && breach.resolvedAtMs === undefined,
    );
  }

  #isNewBreach(sum: Omit<ConservationBreach, 'foundAtMs'>): boolean {
    const known = this.#breaches.get(keyOfHour(sum));
    return known?.resolvedAtMs !== undefined || known?.differenceNano !== sum.differenceNano;
  }
}

const isNews = (row: WorkerStateRow, last: WorkerStateRow): boolean =>
  row.state !== last.state ||
  row.usedSlots !== last.usedSlots ||
  row.slots !== last.slots ||
  row.isWanted !== last.isWanted;

const textOf = (hours: readonly GpuHour[]): string =>
  hours
    .map((hour) => JSON.stringify(hour, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)))
    .sort()
    .join();
