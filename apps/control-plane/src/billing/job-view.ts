import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { JobState } from '../jobs/read-jobs.ts';
import type { JobView } from './gpu-hours.schemas.ts';

export const viewJob = ({ name, everyMs, record, ...state }: JobState): z.output<typeof JobView> => ({
  name,
  everyMs,
  ...(record && {
    lastRunAt: toIso(record.lastRunAtMs),
    lastMs: record.lastMs,
    ...(record.lastOkAtMs !== undefined && { lastOkAt: toIso(record.lastOkAtMs) }),
    ...(record.lastError !== undefined && { lastError: record.lastError }),
  }),
  failed: record?.failed ?? 0,
  ...state,
});
