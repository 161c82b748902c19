// M3. Idle is what is left of the bill, so the parts cannot disagree; the causes only say how that is split. Where
// sessions paid for more than the bill there is no idle, and the difference is a breach for all to see.
import type { Incarnation, PoolId, WorkerId } from '../ids.ts';
import { largestRemainder } from '../metering/price.ts';
import { HOUR_MS } from '../metering/usage-hour.ts';
import type { Rate, UsageSegment } from '../metering/usage.ts';
import { billsWithin, type GpuBill, type GpuUptime } from './gpu-bill.ts';
import { IDLE_CAUSES, type GpuHour, type IdleByCause } from './gpu-hour.ts';
import { causes, idleOf, type IdleWeights } from './idle-of.ts';
import type { WorkerMoment } from './worker-timeline.ts';

/** A worker process, as long as it was seen. */
export interface BilledWorker extends GpuUptime {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly pool: PoolId;
}

/** A priced part of a session, cut or still open, that lies within one hour. */
export type UsedPart = Pick<
  UsageSegment,
  | 'startsAtMs'
  | 'activeMs'
  | 'width'
  | 'slots'
  | 'gpus'
  | 'currency'
  | 'costNano'
  | 'workerId'
  | 'region'
  | 'pool'
  | 'gpuType'
  | 'purchase'
>;

/** One worker id in one UTC hour: all its processes so far, one after the other, and what sessions used of them. */
export interface WorkerHour {
  readonly hourMs: number;
  readonly processes: readonly BilledWorker[];
  readonly timelineOf: (incarnation: Incarnation) => readonly WorkerMoment[];
  readonly used: readonly UsedPart[];
  readonly rates: readonly Rate[];
}

/** The GPU hours of a worker: one for each process that was up or paid for, and each currency of it. */
export function gpuHoursOf({ hourMs, processes, timelineOf, used, rates }: WorkerHour): readonly GpuHour[] {
  const rising = processes.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  const [first = unseen(used)] = rising;
  const byProcess = Map.groupBy(used, ({ startsAtMs }) => processAt(rising, startsAtMs) ?? first);
  return [...new Set([...rising, ...byProcess.keys()])].flatMap((worker) =>
    worker
      ? ofProcess(worker, hourMs, timelineOf(worker.incarnation), byProcess.get(worker) ?? [], rates)
      : [],
  );
}

/** The process that served then: the one that was started last. */
const processAt = (rising: readonly BilledWorker[], atMs: number): BilledWorker | undefined =>
  rising.findLast(({ startedAtMs }) => startedAtMs <= atMs);

/** A worker that nobody has seen up, but on which sessions were paid for: it has no bill, which is a breach. */
function unseen([part]: readonly UsedPart[]): BilledWorker | undefined {
  if (!part) return undefined;
  const { workerId, region, pool, gpuType, purchase, gpus } = part;
  const place = { workerId, region, pool, gpuType, purchase, gpus };
  return { ...place, incarnation: '' as Incarnation, startedAtMs: 0, lastSeenAtMs: 0 };
}

function ofProcess(
  worker: BilledWorker,
  hourMs: number,
  timeline: readonly WorkerMoment[],
  used: readonly UsedPart[],
  rates: readonly Rate[],
): readonly GpuHour[] {
  const bills = billsWithin(worker, rates, { fromMs: hourMs, toMs: hourMs + HOUR_MS });
  const billed = new Set(bills.map(({ currency }) => currency));
  const unbilled = new Set(used.map(({ currency }) => currency).filter((currency) => !billed.has(currency)));
  const { workerId, incarnation, region, pool, gpuType, purchase, gpus } = worker;
  const place = { hourMs, workerId, incarnation, region, pool, gpuType, purchase, gpus };
  return [...bills, ...[...unbilled].map(nothing)].map((bill) => {
    const paid = used.filter(({ currency }) => currency === bill.currency);
    return { ...place, ...shared(bill, gpus, timeline, paid) };
  });
}

const nothing = (currency: string): GpuBill => ({ currency, spans: [], billNano: 0n });

function shared(
  { currency, spans, billNano }: GpuBill,
  gpus: number,
  timeline: readonly WorkerMoment[],
  used: readonly UsedPart[],
) {
  const upMs = gpus * spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const activeMs = Math.min(
    upMs,
    used.reduce((sum, part) => sum + gpuMsOf(part), 0),
  );
  const sessionNano = used.reduce((sum, { costNano }) => sum + costNano, 0n);
  const idleNano = billNano > sessionNano ? billNano - sessionNano : 0n;
  const idle = splitIdle(idleOf(timeline, spans), gpus, upMs - activeMs, idleNano);
  return { currency, upMs, billNano, sessionNano, activeMs, idle };
}

/** ms of GPU that a session's part paid for. */
const gpuMsOf = ({ activeMs, width, slots, gpus }: UsedPart): number =>
  Number((BigInt(activeMs) * BigInt(width * gpus)) / BigInt(slots));

/**
 * Splits idle time and cost by the weights, each by largest remainder. Time that no free slot accounts for belongs to
 * slots that were held for somebody who did not play: it is put to fragmentation.
 */
function splitIdle(weights: IdleWeights, gpus: number, idleMs: number, idleNano: bigint): IdleByCause {
  const free = IDLE_CAUSES.reduce((sum, cause) => sum + weights[cause], 0n) * BigInt(gpus);
  const heldUs = BigInt(idleMs) * 1_000n - free;
  const whole = causes((cause) => {
    const us = weights[cause] * BigInt(gpus);
    return cause === 'fragmentation' && heldUs > 0n ? us + heldUs : us;
  });
  const ms = split(BigInt(idleMs), whole);
  const nano = split(idleNano, whole);
  return causes((cause) => ({ ms: Number(ms[cause]), nano: nano[cause] }));
}

/** Nothing to weigh by, and a few nanos left that the sessions' floors did not take: fragmentation too. */
function split(total: bigint, weights: IdleWeights): IdleWeights {
  const all = IDLE_CAUSES.map((cause) => weights[cause]);
  if (!all.some((weight) => weight > 0n)) return causes((cause) => (cause === 'fragmentation' ? total : 0n));
  const parts = largestRemainder(total, all);
  return causes((cause) => parts[IDLE_CAUSES.indexOf(cause)] ?? 0n);
}

/** What does not add up, 0 for a sound hour (M3). */
export const differenceOf = ({ billNano, sessionNano, idle }: GpuHour): bigint =>
  billNano - sessionNano - IDLE_CAUSES.reduce((sum, cause) => sum + idle[cause].nano, 0n);
