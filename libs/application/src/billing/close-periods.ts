// A period is closed with its invoice, in one transaction that refuses when anything was posted since the invoice was
// made: the invoice and the ledger cannot disagree. What comes later is a correction in the current period.
import {
  invoiceIdOf,
  missingTransfers,
  periodAt,
  periodEndMs,
  planAt,
  previousPeriod,
  type Invoice,
  type Period,
} from '@meridian/domain';
import type { BillingEvents } from '../ports/billing-events.ts';
import type { Incidents } from '../ports/incidents.ts';
import { PeriodClosed } from '../ports/ledger.ts';
import { draftInvoice, type InvoicingPorts } from './invoicing.ts';
import type { TenantPeriod } from './period-prices.ts';
import { postMissing, type PostChargesPorts } from './post-charges.ts';

export interface ClosePeriodPorts extends InvoicingPorts, PostChargesPorts {
  readonly events: BillingEvents;
  readonly incidents: Incidents;
}

export type CloseOutcome =
  | { readonly kind: 'issued' | 'already_issued'; readonly invoice: Invoice }
  /** Nothing was used, asked for or promised: there is nothing to invoice. */
  | { readonly kind: 'nothing' }
  /** It is not over yet. */
  | { readonly kind: 'not_over' }
  | { readonly kind: 'no_fx_rate'; readonly from: string; readonly to: string }
  /** Usage or postings kept coming in between: to be tried again. */
  | { readonly kind: 'busy' };

/** Posts what is missing, settles the month, issues the invoice and closes the period. Twice is harmless. */
export type ClosePeriod = (of: TenantPeriod) => Promise<CloseOutcome>;

const TRIES = 5;

export const makeClosePeriod =
  (ports: ClosePeriodPorts): ClosePeriod =>
  async (of) => {
    if (periodEndMs(of.period) > ports.clock.nowMs()) return { kind: 'not_over' };
    for (let i = 0; i < TRIES; i++) {
      const invoice = await ports.invoices.find(invoiceIdOf(of.tenantId, of.period));
      if (invoice) return { kind: 'already_issued', invoice };
      const outcome = await tryToClose(ports, of);
      if (outcome.kind !== 'busy') return outcome;
    }
    return { kind: 'busy' };
  };

async function tryToClose(ports: ClosePeriodPorts, of: TenantPeriod): Promise<CloseOutcome> {
  const nowMs = ports.clock.nowMs();
  if (!(await postRest(ports, of))) return { kind: 'busy' };
  const { made, closing, transfersSeen, isComplete } = await draftInvoice(ports, of);
  if (made.kind === 'no_fx_rate') return made;
  if (!isComplete) return { kind: 'busy' };
  if (made.invoice.lines.length === 0) return { kind: 'nothing' };
  const transfers = missingTransfers(closing, [], { ...of, isClosed: false, nowMs });
  const closed = await ports.invoices.issue({ invoice: made.invoice, transfers, transfersSeen, atMs: nowMs });
  return closed.kind === 'stale' ? { kind: 'busy' } : closed;
}

/** False: another replica closed the period meanwhile. */
const postRest = (ports: ClosePeriodPorts, of: TenantPeriod): Promise<boolean> =>
  postMissing(ports, of).then(
    () => true,
    (error: unknown) => {
      if (error instanceof PeriodClosed) return false;
      throw error;
    },
  );

/** Closes every period that ended a day ago or earlier; how many invoices were issued. */
export type ClosePeriods = () => Promise<{ readonly issued: number }>;

const DAY_MS = 86_400_000;
/** Late usage of the month's last hours still gets onto its invoice. */
const GRACE_MS = DAY_MS;
/** Invoices of as many days are told of again: an event that is known is not told twice. */
const TELL_AGAIN_MS = 3 * DAY_MS;

export const makeClosePeriods = (ports: ClosePeriodPorts): ClosePeriods => {
  const closePeriod = makeClosePeriod(ports);
  return async () => {
    const nowMs = ports.clock.nowMs();
    const before = periodAt(nowMs - GRACE_MS);
    let issued = 0;
    for (const of of await candidates(ports, before)) {
      const outcome = await closePeriod(of);
      if (outcome.kind === 'issued') issued += 1;
      if (outcome.kind === 'no_fx_rate') note(ports, of, `no rate from ${outcome.from} to ${outcome.to}`);
      if (outcome.kind === 'busy') note(ports, of, 'its usage is not posted, or still changes');
    }
    for (const invoice of await ports.invoices.list({ issuedSinceMs: nowMs - TELL_AGAIN_MS })) {
      await tell(ports.events, invoice);
    }
    return { issued };
  };
};

/** Periods with transfers, and last month for those that pay for a month whether or not they use it. */
async function candidates(ports: ClosePeriodPorts, before: Period): Promise<readonly TenantPeriod[]> {
  const open = await ports.invoices.openPeriods(before);
  const period = previousPeriod(before);
  const plans = await ports.plans.all();
  const endMs = periodEndMs(period);
  const monthly = (await ports.tenants.listTenants()).filter(({ tenantId, createdAtMs }) => {
    const plan = planAt(plans, tenantId, endMs - 1);
    return createdAtMs < endMs && plan && (plan.minimumNano > 0n || plan.commitment !== undefined);
  });
  const known = new Set(open.map((of) => `${of.tenantId} ${of.period}`));
  return [
    ...open,
    ...monthly
      .map(({ tenantId }) => ({ tenantId, period }))
      .filter((of) => !known.has(`${of.tenantId} ${of.period}`)),
  ];
}

const note = ({ incidents }: ClosePeriodPorts, { tenantId, period }: TenantPeriod, why: string): void =>
  incidents.note('invoice not issued; it is tried again', new Error(why), { tenantId, period });

const tell = (events: BillingEvents, invoice: Invoice): Promise<void> =>
  events.emit({
    eventId: `evt_invoice.issued_${invoice.invoiceId}`,
    ...{ type: 'invoice.issued', tenantId: invoice.tenantId, atMs: invoice.issuedAtMs ?? 0 },
    data: {
      ...{ invoice: invoice.invoiceId, number: invoice.number ?? '', period: invoice.period },
      ...{ totalNano: String(invoice.totalNano), currency: invoice.currency },
    },
  });
