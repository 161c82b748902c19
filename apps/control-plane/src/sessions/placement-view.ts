import type { StoredEvent } from '@meridian/application';
import type { PlacementWhy, SessionEvent } from '@meridian/domain';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type * as schemas from './session.schemas.ts';

type Record = z.output<typeof schemas.PlacementRecord>;

/** Every time a session was queued, placed or moved, oldest first. */
export function placementsOf(events: readonly StoredEvent[]): Record[] {
  const records: Record[] = [];
  for (const { event } of events) {
    const record = recordOf(event, records.at(-1)?.epoch ?? 0);
    if (record) records.push(record);
  }
  return records;
}

function recordOf(event: SessionEvent, epochBefore: number): Record | undefined {
  switch (event.type) {
    case 'queued': {
      const { reasons, etaMs, atMs } = event;
      return { at: toIso(atMs), what: event.type, epoch: epochBefore, etaMs, considered: [...reasons] };
    }
    case 'reserved':
    case 'migrated': {
      const { region, pool, workerId, epoch } = event.lease;
      return {
        ...{ at: toIso(event.atMs), what: event.type, epoch, region, pool, workerId },
        ...{ considered: [...event.considered], why: event.why && viewWhy(event.why) },
      };
    }
    default:
      return undefined;
  }
}

const viewWhy = ({ decidedAtMs, candidates, refused, ...why }: PlacementWhy) => ({
  ...why,
  decidedAt: toIso(decidedAtMs),
  candidates: candidates.map((candidate) => ({ ...candidate })),
  refused: refused.map((refusal) => ({ ...refusal })),
});
