import {
  makeAddPlan,
  makeClosePeriod,
  makeEconomics,
  makeGrantCredit,
  makeMargins,
  makePreviewInvoice,
  makeReadBudgets,
  makeReadLiveCost,
  makeReadStandings,
  makeReadUsageReport,
  makeRefund,
  makeReplaceBudgets,
  makeTopUp,
  makeWhatIf,
  type BillingEvents,
  type Clock,
  type Draw,
  type Incidents,
  type Tenants,
} from '@meridian/application';
import type { RegionId } from '@meridian/domain';
import type { Region } from '../config.ts';
import type { ReadJobs } from '../jobs/read-jobs.ts';
import type { Stores } from '../stores.ts';
import type { Billing } from './billing.ts';

export interface BillingParts {
  readonly stores: Stores;
  readonly regions: readonly Region[];
  readonly tenants: Tenants;
  readonly events: BillingEvents;
  readonly incidents: Incidents;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly readJobs: ReadJobs;
}

/** The use cases behind the billing routes. */
export function makeBilling({ stores, regions, tenants, readJobs, ...outside }: BillingParts): Billing {
  const base = { ...stores, ...outside };
  const { usageHours, gpuHours, setAside, ledger, plans, fxRates, invoices } = stores;
  const places = regions.map(({ id }): { readonly region: RegionId } => ({ region: id }));
  return {
    ...{ clock: outside.clock, tenants, readJobs },
    ...{ usageHours, gpuHours, setAside, ledger, plans, fxRates, invoices },
    regions: new Map(regions.map(({ id, name }) => [id, name])),
    readUsageReport: makeReadUsageReport(base),
    readLiveCost: makeReadLiveCost({ ...base, regions: places }),
    readEconomics: makeEconomics(base),
    askWhatIf: makeWhatIf(base),
    readMargins: makeMargins(base),
    addPlan: makeAddPlan(base),
    previewInvoice: makePreviewInvoice(base),
    closePeriod: makeClosePeriod(base),
    topUp: makeTopUp(base),
    grantCredit: makeGrantCredit(base),
    refund: makeRefund(base),
    readStandings: makeReadStandings(base),
    readBudgets: makeReadBudgets(base),
    replaceBudgets: makeReplaceBudgets(base),
  };
}
