import type { InvoiceQuery, Invoices, IssueOutcome, PeriodClosing } from '@meridian/application';
import type { Invoice, InvoiceId, Period, TenantId } from '@meridian/domain';
import type { FakeBilling } from './fake-billing.ts';

export class FakeInvoices implements Invoices {
  readonly #billing: FakeBilling;

  constructor(billing: FakeBilling) {
    this.#billing = billing;
  }

  issue({ invoice, transfers, transfersSeen, atMs }: PeriodClosing): Promise<IssueOutcome> {
    return this.#billing.record.do((): IssueOutcome => {
      const { invoiceId, tenantId, period } = invoice;
      const before = this.#billing.invoicesById.get(invoiceId);
      if (before) return { kind: 'already_issued', invoice: before };
      const there = [...this.#billing.transfers.values()].filter(
        (row) => row.tenantId === tenantId && row.period === period,
      );
      if (there.length !== transfersSeen) return { kind: 'stale' };
      this.#billing.ledger.insert(transfers);
      const issued = [...this.#billing.invoicesById.values()].filter((other) => other.period === period);
      const number = `${period}-${String(issued.length + 1).padStart(6, '0')}`;
      const stored: Invoice = { ...invoice, number, status: 'issued', issuedAtMs: atMs };
      this.#billing.invoicesById.set(invoiceId, stored);
      this.#billing.periodOf(tenantId, period).isClosed = true;
      return { kind: 'issued', invoice: stored };
    });
  }

  find(invoiceId: InvoiceId): Promise<Invoice | undefined> {
    return this.#billing.record.do(() => this.#billing.invoicesById.get(invoiceId));
  }

  list({ tenantId, period, issuedSinceMs = 0 }: InvoiceQuery): Promise<readonly Invoice[]> {
    return this.#billing.record.do(() =>
      [...this.#billing.invoicesById.values()]
        .filter((invoice) => tenantId === undefined || invoice.tenantId === tenantId)
        .filter((invoice) => period === undefined || invoice.period === period)
        .filter((invoice) => (invoice.issuedAtMs ?? 0) >= issuedSinceMs)
        .sort((a, b) =>
          a.period === b.period ? (numberOf(a) < numberOf(b) ? -1 : 1) : a.period < b.period ? 1 : -1,
        ),
    );
  }

  closedPeriods(tenantId: TenantId): Promise<ReadonlySet<Period>> {
    return this.#billing.record.do(() => {
      const own = [...this.#billing.periods.values()].filter((known) => known.tenantId === tenantId);
      return new Set(own.filter(({ isClosed }) => isClosed).map(({ period }) => period));
    });
  }

  openPeriods(before: Period) {
    return this.#billing.record.do(() =>
      [...this.#billing.periods.values()]
        .filter(({ period, isClosed }) => !isClosed && period < before)
        .map(({ tenantId, period }) => ({ tenantId, period }))
        .sort((a, b) => (`${a.period} ${a.tenantId}` < `${b.period} ${b.tenantId}` ? -1 : 1)),
    );
  }
}

const numberOf = ({ number = '' }: Invoice): string => number;
