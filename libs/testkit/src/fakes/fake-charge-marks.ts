import type { ChargeMark, ChargeMarks } from '@meridian/application';
import { usageHourKey, type PricePlan, type UsageHour } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';

interface Noted {
  readonly mark: ChargeMark;
  /** The hour as it was then. */
  readonly usage: string;
  readonly isDue: boolean;
}

/** Where Postgres has triggers, it compares each hour with what it was when it looked last. */
export class FakeChargeMarks implements ChargeMarks {
  readonly #record: FakeRecord;
  readonly #noted = new Map<string, Noted>();

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  due(beforeMs: number, limit: number): Promise<readonly ChargeMark[]> {
    return this.#record.do(() => {
      this.#look();
      const due = [...this.#noted.values()]
        .filter(({ mark, isDue }) => isDue && mark.hourMs < beforeMs)
        .map(({ mark }) => mark)
        .sort((a, b) => a.hourMs - b.hourMs || (a.tenantId < b.tenantId ? -1 : 1));
      return [...Map.groupBy(due, ({ tenantId }) => tenantId).values()].flat().slice(0, limit);
    });
  }

  settle(marks: readonly ChargeMark[]): Promise<void> {
    return this.#record.do(() => {
      this.#look();
      for (const mark of marks) {
        const noted = this.#noted.get(keyOf(mark));
        if (noted?.mark.changes === mark.changes) this.#noted.set(keyOf(mark), { ...noted, isDue: false });
      }
    });
  }

  /** A new plan may price these hours otherwise. */
  markPlanned({ tenantId, effectiveFromMs }: PricePlan): void {
    this.#look();
    for (const { mark, usage } of this.#noted.values()) {
      if (mark.hourMs >= effectiveFromMs && (tenantId ?? mark.tenantId) === mark.tenantId)
        this.#mark(mark, usage);
    }
  }

  #look(): void {
    const hours = Map.groupBy(this.#record.hours.values(), keyOf);
    for (const [key, { mark, usage }] of this.#noted)
      if (!hours.has(key) && usage !== '') this.#mark(mark, '');
    for (const [key, [first, ...more]] of hours) {
      const usage = [first, ...more].map(textOf).sort().join();
      if (first && this.#noted.get(key)?.usage !== usage) this.#mark(first, usage);
    }
  }

  #mark({ tenantId, hourMs }: Pick<ChargeMark, 'tenantId' | 'hourMs'>, usage: string): void {
    const key = keyOf({ tenantId, hourMs });
    const changes = (this.#noted.get(key)?.mark.changes ?? 0) + 1;
    this.#noted.set(key, { mark: { tenantId, hourMs, changes }, usage, isDue: true });
  }
}

const keyOf = ({ tenantId, hourMs }: Pick<ChargeMark, 'tenantId' | 'hourMs'>): string =>
  `${tenantId} ${hourMs}`;

const textOf = (hour: UsageHour | undefined): string =>
  hour
    ? `${usageHourKey(hour)} ${hour.activeMs} ${hour.startedMinutes} ${hour.frames} ${hour.lateFrames}`
    : '';
