// What an operator sees of the jobs: when each last ran, on whatever replica, and how far it is behind.
import type { Clock, JobRecord, JobRuns } from '@meridian/application';
import { NOTE_EVERY_MS, type Job } from './job-runner.ts';

/** What waits for a job, and since when. */
export interface Backlog {
  readonly waiting: number;
  readonly oldestMs?: number | undefined;
}

export interface JobState {
  readonly name: string;
  readonly everyMs: number;
  readonly record?: JobRecord;
  /** How late its next run is; 0 when it is on time. */
  readonly lagMs: number;
  readonly waiting?: number;
  /** Age of the oldest thing that waits. */
  readonly backlogMs?: number;
}

export interface ReadJobsPorts {
  readonly jobs: readonly Job[];
  readonly runs: JobRuns;
  /** By the name of the job. */
  readonly backlogs: Readonly<Record<string, () => Promise<Backlog>>>;
  readonly clock: Clock;
}

export type ReadJobs = () => Promise<{ readonly atMs: number; readonly jobs: readonly JobState[] }>;

export const makeReadJobs =
  ({ jobs, runs, backlogs, clock }: ReadJobsPorts): ReadJobs =>
  async () => {
    const atMs = clock.nowMs();
    const records = new Map((await runs.list()).map((record) => [record.name, record]));
    const states = jobs.map(async ({ name, everyMs }) => {
      const record = records.get(name);
      const backlog = await backlogs[name]?.();
      return {
        ...{ name, everyMs },
        ...(record && { record }),
        lagMs: record ? lagOf(record, everyMs, atMs) : 0,
        ...(backlog && { waiting: backlog.waiting }),
        ...(backlog?.oldestMs !== undefined && { backlogMs: Math.max(0, atMs - backlog.oldestMs) }),
      };
    });
    return { atMs, jobs: await Promise.all(states) };
  };

/** Runs in quick succession are not all noted. */
const lagOf = ({ lastRunAtMs, lastMs }: JobRecord, everyMs: number, atMs: number): number =>
  Math.max(0, atMs - lastRunAtMs - Math.max(everyMs, NOTE_EVERY_MS + everyMs, lastMs));
