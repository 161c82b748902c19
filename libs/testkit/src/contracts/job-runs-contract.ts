import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = 1_000_000;

/** What every store of job runs does. Call it in a `describe`; `open` gives an empty record. */
export function jobRunsContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
  });
  afterEach(() => record.close());

  it('keeps the last run of each job', async () => {
    await record.jobRuns.note({ name: 'b', startedAtMs: T0, tookMs: 5 });
    await record.jobRuns.note({ name: 'a', startedAtMs: T0, tookMs: 7.25 });
    await record.jobRuns.note({ name: 'b', startedAtMs: T0 + 10, tookMs: 6 });
    expect(await record.jobRuns.list()).toEqual([
      { name: 'a', lastRunAtMs: T0, lastMs: 7.25, lastOkAtMs: T0, failed: 0 },
      { name: 'b', lastRunAtMs: T0 + 10, lastMs: 6, lastOkAtMs: T0 + 10, failed: 0 },
    ]);
  });

  it('counts failures until a run succeeds', async () => {
    await record.jobRuns.note({ name: 'a', startedAtMs: T0, tookMs: 1 });
    await record.jobRuns.note({ name: 'a', startedAtMs: T0 + 1, tookMs: 2, error: 'first' });
    await record.jobRuns.note({ name: 'a', startedAtMs: T0 + 2, tookMs: 3, error: 'second' });
    expect(await record.jobRuns.list()).toEqual([
      { name: 'a', lastRunAtMs: T0 + 2, lastMs: 3, lastOkAtMs: T0, lastError: 'second', failed: 2 },
    ]);
    await record.jobRuns.note({ name: 'a', startedAtMs: T0 + 3, tookMs: 4 });
    expect(await record.jobRuns.list()).toEqual([
      { name: 'a', lastRunAtMs: T0 + 3, lastMs: 4, lastOkAtMs: T0 + 3, failed: 0 },
    ]);
  });

  it('leaves out a run that is told late', async () => {
    await record.jobRuns.note({ name: 'a', startedAtMs: T0 + 5, tookMs: 1 });
    await record.jobRuns.note({ name: 'a', startedAtMs: T0, tookMs: 2, error: 'old' });
    expect(await record.jobRuns.list()).toMatchObject([{ lastRunAtMs: T0 + 5, failed: 0 }]);
  });
}
