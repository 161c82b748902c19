import type { JobRecord, JobRun, JobRuns } from '@meridian/application';
import type { FakeRecord } from './fake-record.ts';

export class FakeJobRuns implements JobRuns {
  readonly #record: FakeRecord;
  readonly #jobs = new Map<string, JobRecord>();

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  note({ name, startedAtMs, tookMs, error }: JobRun): Promise<void> {
    return this.#record.do(() => {
      const known = this.#jobs.get(name);
      if (known && known.lastRunAtMs > startedAtMs) return;
      const lastOkAtMs = error === undefined ? startedAtMs : known?.lastOkAtMs;
      this.#jobs.set(name, {
        ...{ name, lastRunAtMs: startedAtMs, lastMs: tookMs },
        ...(lastOkAtMs !== undefined && { lastOkAtMs }),
        ...(error !== undefined && { lastError: error }),
        failed: error === undefined ? 0 : (known?.failed ?? 0) + 1,
      });
    });
  }

  list(): Promise<readonly JobRecord[]> {
    return this.#record.do(() => [...this.#jobs.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }
}
