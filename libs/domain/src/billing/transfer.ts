// Double entry: a transfer takes from one account what it gives to another, so that debits and credits are equal by
// shape. Transfers are never changed or taken back: a correction is another that points at the first.
import type { Brand } from '../brand.ts';
import type { TenantId, TransferId } from '../ids.ts';
import type { Period } from './period.ts';

/** One currency each: `tenant/<id>/receivable:GBP`, `tenant/<id>/wallet:GBP`, `revenue:GBP` and the like. */
export type AccountId = Brand<string, 'AccountId'>;

export type TransferKind =
  'charge' | 'minimum' | 'commitment' | 'top_up' | 'grant' | 'sla_credit' | 'refund' | 'correction';

export interface Transfer {
  readonly transferId: TransferId;
  readonly kind: TransferKind;
  readonly atMs: number;
  /** The month of `atMs`, on whose invoice it is; one that is closed takes no more. */
  readonly period: Period;
  readonly tenantId: TenantId;
  readonly debit: AccountId;
  readonly credit: AccountId;
  /** More than 0. */
  readonly amountNano: bigint;
  readonly currency: string;
  /** The closed month whose price it corrects. */
  readonly corrects?: Period;
  /** What it corrects, gives back or adds to. */
  readonly refersTo?: TransferId;
  readonly reason: string;
  /** The UTC hour whose usage it prices. */
  readonly hourMs?: number;
  /** Of the request that asked for it. */
  readonly traceId?: string;
}

/** Our own accounts, named by what they are for. */
export type HouseAccount = 'revenue' | 'cash' | 'credits' | 'sla' | 'refunds';

export const houseAccount = (name: HouseAccount, currency: string): AccountId =>
  `${name}:${currency}` as AccountId;

/** What a postpaid tenant owes. */
export const receivable = (tenantId: TenantId, currency: string): AccountId =>
  `tenant/${tenantId}/receivable:${currency}` as AccountId;

/** What a prepaid tenant has. */
export const wallet = (tenantId: TenantId, currency: string): AccountId =>
  `tenant/${tenantId}/wallet:${currency}` as AccountId;

/** The account that a plan's charges are taken from. */
export const chargedAccount = (
  tenantId: TenantId,
  { billing, currency }: { readonly billing: 'postpaid' | 'prepaid'; readonly currency: string },
): AccountId => (billing === 'prepaid' ? wallet : receivable)(tenantId, currency);

/** What the tenant pays by it; below 0 when it is given something. */
export const paidNano = ({ tenantId, debit, amountNano }: Transfer): bigint =>
  debit.startsWith(`tenant/${tenantId}/`) ? amountNano : -amountNano;

/** Sums of an account for one tenant. A wallet holds `creditNano - debitNano`; a receivable is owed the opposite. */
export interface AccountBalance {
  readonly tenantId: TenantId;
  readonly account: AccountId;
  readonly currency: string;
  readonly debitNano: bigint;
  readonly creditNano: bigint;
}

/** What is in the tenant's wallet; below 0 when it used more than it had. */
export function walletNano(
  balances: readonly AccountBalance[],
  tenantId: TenantId,
  currency: string,
): bigint {
  const account = wallet(tenantId, currency);
  const found = balances.find((balance) => balance.account === account);
  return found ? found.creditNano - found.debitNano : 0n;
}

/** Balances of the accounts that transfers touch, by tenant, in the order of their names. */
export function balancesOf(transfers: readonly Transfer[]): readonly AccountBalance[] {
  const sums = new Map<string, AccountBalance>();
  for (const { tenantId, currency, debit, credit, amountNano } of transfers) {
    add(sums, { tenantId, account: debit, currency, debitNano: amountNano, creditNano: 0n });
    add(sums, { tenantId, account: credit, currency, debitNano: 0n, creditNano: amountNano });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, balance]) => balance);
}

function add(sums: Map<string, AccountBalance>, entry: AccountBalance): void {
  const key = `${entry.tenantId} ${entry.account}`;
  const sum = sums.get(key);
  sums.set(key, {
    ...entry,
    debitNano: (sum?.debitNano ?? 0n) + entry.debitNano,
    creditNano: (sum?.creditNano ?? 0n) + entry.creditNano,
  });
}

/** True when the two say the same; when, why and by whose request each was posted does not matter. */
export const isSamePosting = (a: Transfer, b: Transfer): boolean =>
  a.transferId === b.transferId &&
  a.kind === b.kind &&
  a.tenantId === b.tenantId &&
  a.debit === b.debit &&
  a.credit === b.credit &&
  a.amountNano === b.amountNano &&
  a.corrects === b.corrects &&
  a.refersTo === b.refersTo &&
  a.hourMs === b.hourMs;
