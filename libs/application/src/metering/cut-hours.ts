import { HOUR_MS, hourOf } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { MeterCursor, UsageRepository } from '../ports/usage-repository.ts';

export interface CutHoursPorts {
  readonly usage: UsageRepository;
  readonly clock: Clock;
}

/** Cuts what is open of hours that are over, though no reading has come since; how many meters it cut. */
export type CutHours = () => Promise<{ readonly cut: number }>;

/** Nearly every meter is cut by its next reading. Who has none by then is silent, and others wait for its hour. */
const GRACE_MS = 120_000;
const BATCH = 500;

export const makeCutHours =
  ({ usage, clock }: CutHoursPorts): CutHours =>
  async () => {
    const beforeMs = hourOf(clock.nowMs() - GRACE_MS);
    let cut = 0;
    let after: MeterCursor | undefined;
    do {
      const done = await usage.cutOpen(beforeMs, BATCH, after);
      [cut, after] = [cut + done.cut, done.next];
    } while (after);
    return { cut };
  };

/** Makes room for the segments of today and the next two days, before anybody waits for it; how many days it made. */
export type PrepareDays = () => Promise<{ readonly made: number }>;

const AHEAD_MS = 48 * HOUR_MS;

export const makePrepareDays =
  ({ usage, clock }: CutHoursPorts): PrepareDays =>
  async () => {
    const nowMs = clock.nowMs();
    return { made: await usage.ensureDays(nowMs, nowMs + AHEAD_MS) };
  };
