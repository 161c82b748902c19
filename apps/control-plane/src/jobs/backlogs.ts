import type { Clock } from '@meridian/application';
import type { Stores } from '../stores.ts';
import type { Backlog } from './read-jobs.ts';

/** What waits for a job, by its name; of the others it is not known. */
export const backlogsOf = (
  { usageHours, gpuHours, webhooks }: Pick<Stores, 'usageHours' | 'gpuHours' | 'webhooks'>,
  clock: Clock,
): Readonly<Record<string, () => Promise<Backlog>>> => ({
  'roll-up-usage': async () => {
    const { marks, oldestMs } = await usageHours.lag();
    return { waiting: marks, oldestMs };
  },
  'recompute-gpu-hours': async () => {
    const { marks, oldestMs } = await gpuHours.lag();
    return { waiting: marks, oldestMs };
  },
  'send-webhooks': async () => {
    const { due, oldestDueAtMs } = await webhooks.backlog(clock.nowMs());
    return { waiting: due, oldestMs: oldestDueAtMs };
  },
});
