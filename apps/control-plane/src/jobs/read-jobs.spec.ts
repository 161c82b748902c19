import { expect, it } from '@jest/globals';
import { FakeJobRuns, FakeRecord, VirtualClock } from '@meridian/testkit';
import { makeReadJobs } from './read-jobs.ts';

it('tells when each job last ran, how late it is and what waits for it', async () => {
  const clock = new VirtualClock();
  const runs = new FakeJobRuns(new FakeRecord());
  const job = (name: string, everyMs: number) => ({ name, everyMs, run: async () => undefined });
  const read = makeReadJobs({
    ...{ runs, clock, jobs: [job('often', 500), job('hourly', 3_600_000), job('never', 1_000)] },
    backlogs: { often: async () => ({ waiting: 3, oldestMs: clock.nowMs() - 9_000 }) },
  });
  await runs.note({ name: 'often', startedAtMs: clock.nowMs() - 3_000, tookMs: 5 });
  await runs.note({ name: 'hourly', startedAtMs: clock.nowMs() - 3_700_000, tookMs: 5, error: 'away' });
  const { jobs } = await read();
  expect(jobs).toMatchObject([
    { name: 'often', lagMs: 0, waiting: 3, backlogMs: 9_000, record: { failed: 0 } },
    { name: 'hourly', lagMs: 95_000, record: { failed: 1, lastError: 'away' } },
    { name: 'never', lagMs: 0 },
  ]);
  expect(jobs[2]).not.toHaveProperty('record');
});
