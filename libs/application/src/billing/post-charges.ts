// Read in this order: the marks, what is posted, and only then usage and plans. A posting that gets its id was then
// made from usage at least as new as the ledger that it was compared with; who comes second with older usage finds the
// id taken. Marks go last: killed at any point before, the next run does the same again.
import {
  chargeDues,
  closingDues,
  HOUR_MS,
  hourOf,
  missingTransfers,
  periodAt,
  type Due,
  type Transfer,
} from '@meridian/domain';
import type { BillingEvents } from '../ports/billing-events.ts';
import type { ChargeMark, ChargeMarks } from '../ports/charge-marks.ts';
import type { Clock } from '../ports/clock.ts';
import type { Invoices } from '../ports/invoices.ts';
import { PeriodClosed, type Ledger } from '../ports/ledger.ts';
import type { TenantRepository } from '../ports/tenant-repository.ts';
import {
  isOver,
  readPeriodPrice,
  tenantSince,
  type PeriodPricePorts,
  type TenantPeriod,
} from './period-prices.ts';

export interface PostChargesPorts extends PeriodPricePorts {
  readonly chargeMarks: ChargeMarks;
  readonly ledger: Ledger;
  readonly invoices: Invoices;
  readonly tenants: TenantRepository;
  readonly events: BillingEvents;
  readonly clock: Clock;
}

/** Posts what is missing for hours that are over; how many transfers that were. */
export type PostCharges = () => Promise<{ readonly posted: number }>;

/** Meters are flushed and rolled up well within it. */
export const SETTLE_MS = 300_000;
const MARKS_MAX = 5_000;
/** Bounds how long one transaction holds its locks; what is left when we are killed is posted by the next run. */
const POST_MAX = 200;

export const makePostCharges = (ports: PostChargesPorts): PostCharges => {
  return async () => {
    let posted = 0;
    for (;;) {
      const due = await ports.chargeMarks.due(hourOf(ports.clock.nowMs() - SETTLE_MS), MARKS_MAX);
      let settled = 0;
      for (const marks of Map.groupBy(due, groupOf).values()) {
        const outcome = await postMarked(ports, marks);
        posted += outcome.posted;
        settled += outcome.settled;
      }
      // What is left was posted by somebody else meanwhile: that is for the next run.
      if (due.length < MARKS_MAX || settled === 0) return { posted };
    }
  };
};

const groupOf = ({ tenantId, hourMs }: ChargeMark): string => `${tenantId} ${periodAt(hourMs)}`;

/** Marks of one tenant and period. */
async function postMarked(ports: PostChargesPorts, marks: readonly ChargeMark[]) {
  const [first] = marks;
  if (!first) return { posted: 0, settled: 0 };
  const of = { tenantId: first.tenantId, period: periodAt(first.hourMs) };
  try {
    const { posted, areAll, dues } = await postMissing(ports, of);
    for (const mark of marks) await tellHour(ports.events, mark, dues);
    if (areAll) await ports.chargeMarks.settle(marks);
    return { posted, settled: areAll ? marks.length : 0 };
  } catch (error) {
    // It was closed since we looked: the next run corrects it in the current period.
    if (error instanceof PeriodClosed) return { posted: 0, settled: 0 };
    throw error;
  }
}

export interface Posting {
  readonly posted: number;
  /** False: another replica posted something else meanwhile, and it has to be looked at again. */
  readonly areAll: boolean;
  readonly dues: readonly Due[];
}

/** Brings the ledger to what the period's usage comes to. */
export async function postMissing(ports: PostChargesPorts, of: TenantPeriod): Promise<Posting> {
  const { ledger, invoices, clock } = ports;
  const isClosed = (await invoices.closedPeriods(of.tenantId)).has(of.period);
  const before = await ledger.pricing(of.tenantId, of.period);
  const nowMs = clock.nowMs();
  const dues = await duesOf(ports, of, { isClosed, before, nowMs });
  const missing = missingTransfers(dues, before, { ...of, isClosed, nowMs });
  let [posted, conflicting] = [0, 0];
  for (let from = 0; from < missing.length; from += POST_MAX) {
    const outcome = await ledger.post(missing.slice(from, from + POST_MAX));
    posted += outcome.posted.length;
    conflicting += outcome.conflicting.length;
  }
  return { posted, areAll: conflicting === 0, dues };
}

/** Of a closed period what was settled at its end too: late usage may have been paid for by the minimum. */
async function duesOf(
  ports: PostChargesPorts,
  of: TenantPeriod,
  { isClosed, before, nowMs }: { isClosed: boolean; before: readonly Transfer[]; nowMs: number },
): Promise<readonly Due[]> {
  const { price, planFor } = await readPeriodPrice(ports, of);
  const charged = new Set(before.map(({ hourMs }) => hourMs));
  // An hour that another replica has charged stays charged, whatever our clock says.
  const charges = chargeDues(price, of.tenantId).filter(
    ({ hourMs = 0 }) => charged.has(hourMs) || isOver(hourMs, nowMs, SETTLE_MS),
  );
  if (!isClosed) return charges;
  const sinceMs = await tenantSince(ports.tenants, of.tenantId);
  return [...charges, ...closingDues(price, { ...of, planFor, sinceMs, untilMs: Infinity })];
}

async function tellHour(
  events: BillingEvents,
  { tenantId, hourMs }: ChargeMark,
  dues: readonly Due[],
): Promise<void> {
  const due = dues.find((candidate) => candidate.hourMs === hourMs);
  if (!due) return;
  await events.emit({
    eventId: `evt_usage.hour_closed_${tenantId}_${hourMs}`,
    ...{ type: 'usage.hour_closed', tenantId, atMs: hourMs + HOUR_MS },
    data: { hour: new Date(hourMs).toISOString(), priceNano: String(due.nano), currency: due.currency },
  });
}
