import type { SessionUsageReport } from '@meridian/application';
import { toIso } from '../http/schemas.ts';
import type { UsageView } from './usage.schemas.ts';

export const viewUsage = ({ usage, poundsPerUserHour, segments }: SessionUsageReport): UsageView => ({
  sessionId: usage.sessionId,
  activeMs: usage.activeMs,
  frames: usage.frames,
  lateFrames: usage.lateFrames,
  costNano: String(usage.costNano),
  currency: usage.currency,
  poundsPerUserHour,
  final: usage.final,
  asOf: toIso(usage.asOfMs),
  segments: segments.map((segment) => ({
    epoch: segment.epoch,
    startsAt: toIso(segment.startsAtMs),
    endsAt: toIso(segment.endsAtMs),
    region: segment.region,
    pool: segment.pool,
    workerId: segment.workerId,
    activeMs: segment.activeMs,
    frames: segment.frames,
    lateFrames: segment.lateFrames,
    width: segment.width,
    slots: segment.slots,
    gpus: segment.gpus,
    rateId: segment.rateId,
    costNano: String(segment.costNano),
    currency: segment.currency,
  })),
});
