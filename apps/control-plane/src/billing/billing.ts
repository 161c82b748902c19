// What the billing controllers are given: use cases and the ports that they read, made in app.module.ts.
import type {
  AddPlan,
  AskWhatIf,
  Clock,
  ClosePeriod,
  FxRates,
  GpuHours,
  GrantCredit,
  Invoices,
  Ledger,
  PreviewInvoice,
  PricePlans,
  ReadBudgets,
  ReadEconomics,
  ReadLiveCost,
  ReadMargins,
  ReadStandings,
  ReadUsageReport,
  Refund,
  ReplaceBudgets,
  SetAside,
  Tenants,
  TopUp,
  UsageHours,
} from '@meridian/application';
import type { ReadJobs } from '../jobs/read-jobs.ts';

export interface Billing {
  readonly clock: Clock;
  readonly tenants: Tenants;
  /** Names by id. */
  readonly regions: ReadonlyMap<string, string>;
  readonly usageHours: UsageHours;
  readonly gpuHours: GpuHours;
  readonly setAside: SetAside;
  readonly ledger: Ledger;
  readonly plans: PricePlans;
  readonly fxRates: FxRates;
  readonly invoices: Invoices;
  readonly readUsageReport: ReadUsageReport;
  readonly readLiveCost: ReadLiveCost;
  readonly readEconomics: ReadEconomics;
  readonly askWhatIf: AskWhatIf;
  readonly readMargins: ReadMargins;
  readonly addPlan: AddPlan;
  readonly previewInvoice: PreviewInvoice;
  readonly closePeriod: ClosePeriod;
  readonly topUp: TopUp;
  readonly grantCredit: GrantCredit;
  readonly refund: Refund;
  readonly readStandings: ReadStandings;
  readonly readBudgets: ReadBudgets;
  readonly replaceBudgets: ReplaceBudgets;
  readonly readJobs: ReadJobs;
}
