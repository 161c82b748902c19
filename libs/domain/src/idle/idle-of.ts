// Why a worker's slots stood free, weighed by time: which cause gets how much of the idle cost follows from these.
import { IDLE_CAUSES, type IdleCause } from './gpu-hour.ts';
import type { Span, WorkerMoment } from './worker-timeline.ts';

/** µs of one of the worker's GPUs, by cause. */
export type IdleWeights = Readonly<Record<IdleCause, bigint>>;

export const causes = <T>(make: (cause: IdleCause) => T): Readonly<Record<IdleCause, T>> =>
  Object.fromEntries(IDLE_CAUSES.map((cause) => [cause, make(cause)])) as Record<IdleCause, T>;

/**
 * Weighs the free slots of a worker within the spans. The timeline rises; before its first moment the worker was booting.
 */
export function idleOf(timeline: readonly WorkerMoment[], spans: readonly Span[]): IdleWeights {
  const weights = { ...causes(() => 0n) };
  for (const { moment, ms } of spans.flatMap((span) => partsOf(timeline, span))) {
    weights[causeOf(moment)] += freeUs(moment, ms);
  }
  return weights;
}

const BOOTING: Omit<WorkerMoment, 'atMs'> = { state: 'booting', usedSlots: 0, slots: 1, isWanted: false };

/** The span in parts, in each of which the worker was one thing. */
function partsOf(timeline: readonly WorkerMoment[], { fromMs, toMs }: Span) {
  const moments: readonly WorkerMoment[] = [{ ...BOOTING, atMs: -Infinity }, ...timeline];
  return moments.flatMap((moment, i) => {
    const endMs = Math.min(toMs, moments[i + 1]?.atMs ?? Infinity);
    const ms = endMs - Math.max(fromMs, moment.atMs);
    return ms > 0 ? [{ moment, ms }] : [];
  });
}

function causeOf({ state, usedSlots, isWanted }: WorkerMoment): IdleCause {
  switch (state) {
    case 'failed':
      return 'failed_start';
    case 'ready':
      return usedSlots > 0 ? 'fragmentation' : isWanted ? 'warm_buffer' : 'no_demand';
    default:
      return state;
  }
}

/** A worker without a slot is idle as a whole. */
function freeUs({ usedSlots, slots }: WorkerMoment, ms: number): bigint {
  const us = BigInt(ms) * 1_000n;
  return slots > 0 ? (us * BigInt(Math.max(0, slots - usedSlots))) / BigInt(slots) : us;
}
