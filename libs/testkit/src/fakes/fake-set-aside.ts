import type { SetAside, SetAsideQuery } from '@meridian/application';
import { SET_ASIDE_REASONS } from '@meridian/domain';
import type { SetAsideReading, SetAsideReason } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';
import { meterKey } from './meter-key.ts';

export class FakeSetAside implements SetAside {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  list({ reason, sessionId, resolved = false, limit }: SetAsideQuery): Promise<readonly SetAsideReading[]> {
    return this.#record.do(() =>
      [...this.#record.setAside.values()]
        .filter((one) => reason === undefined || one.reason === reason)
        .filter((one) => sessionId === undefined || one.reading.sessionId === sessionId)
        .filter((one) => resolved || one.resolvedAtMs === undefined)
        .sort((a, b) => b.reading.atMs - a.reading.atMs || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    );
  }

  counts(): Promise<Readonly<Record<SetAsideReason, number>>> {
    return this.#record.do(() => {
      const counts = SET_ASIDE_REASONS.map((reason) => [reason, this.#waiting([reason]).length]);
      return Object.fromEntries(counts) as Record<SetAsideReason, number>;
    });
  }

  resolve(limit: number): Promise<number> {
    return this.#record.do(() => {
      const known = this.#waiting(['unknown_session', 'unknown_epoch']).filter(({ reading }) =>
        this.#record.meters.has(meterKey(reading)),
      );
      const some = known.sort((a, b) => a.reading.atMs - b.reading.atMs).slice(0, limit);
      for (const one of some) {
        this.#record.take(one.reading);
        this.#record.setAside.set(one.id, { ...one, resolvedAtMs: this.#record.clock.nowMs() });
      }
      return some.length;
    });
  }

  #waiting(reasons: readonly SetAsideReason[]): SetAsideReading[] {
    return [...this.#record.setAside.values()].filter(
      ({ reason, resolvedAtMs }) => resolvedAtMs === undefined && reasons.includes(reason),
    );
  }
}
