// Money that comes in or is given back. The id follows from tenant and idempotency key: a retry is the same transfer.
import {
  chargedAccount,
  houseAccount,
  paidNano,
  periodAt,
  planAt,
  receivable,
  wallet,
  type AccountId,
  type HouseAccount,
  type TenantId,
  type Transfer,
  type TransferId,
} from '@meridian/domain';
import { sha256 } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import { RefundTooLarge, type Ledger } from '../ports/ledger.ts';
import type { PricePlans } from '../ports/price-plans.ts';

export interface WalletPorts {
  readonly ledger: Ledger;
  readonly plans: PricePlans;
  readonly clock: Clock;
}

/** Who asks for it, and the key under which it is asked for once. */
export interface MoneyCommand {
  readonly tenantId: TenantId;
  /** More than 0. */
  readonly amountNano: bigint;
  readonly reason: string;
  readonly idempotencyKey: string;
  readonly traceId?: string;
}

export type MoneyOutcome =
  | { readonly kind: 'posted' | 'repeated'; readonly transfer: Transfer }
  /** The key was used for something else. */
  | { readonly kind: 'key_reused' }
  /** The tenant pays in another currency. */
  | { readonly kind: 'wrong_currency'; readonly currency: string }
  | { readonly kind: 'not_positive' };

/** What the tenant pays in: into its wallet when it is prepaid, else against what it owes. */
export type TopUp = (command: MoneyCommand & { readonly currency: string }) => Promise<MoneyOutcome>;

export const makeTopUp =
  (ports: WalletPorts): TopUp =>
  (command) =>
    give(ports, command, { kind: 'top_up', prefix: 'top', house: 'cash' });

/** What we give it, for which nobody pays. */
export type GrantCredit = TopUp;

export const makeGrantCredit =
  (ports: WalletPorts): GrantCredit =>
  (command) =>
    give(ports, command, { kind: 'grant', prefix: 'grt', house: 'credits' });

interface Given {
  readonly kind: 'top_up' | 'grant';
  readonly prefix: string;
  readonly house: HouseAccount;
}

async function give(
  { ledger, plans, clock }: WalletPorts,
  command: MoneyCommand & { readonly currency: string },
  { kind, prefix, house }: Given,
): Promise<MoneyOutcome> {
  const { tenantId, currency } = command;
  const plan = planAt(await plans.all(), tenantId, clock.nowMs());
  if (plan && plan.currency !== currency) return { kind: 'wrong_currency', currency: plan.currency };
  const account = plan ? chargedAccount(tenantId, plan) : wallet(tenantId, currency);
  return post(ledger, {
    ...transferFrom(command, clock.nowMs(), prefix),
    ...{ kind, debit: houseAccount(house, currency), credit: account, currency },
  });
}

const ID_CHARS = 26;

function transferFrom(
  { tenantId, amountNano, reason, idempotencyKey, traceId }: MoneyCommand,
  atMs: number,
  prefix: string,
): Omit<Transfer, 'kind' | 'debit' | 'credit' | 'currency'> {
  const hash = sha256(`${tenantId}\n${idempotencyKey}`).toString('hex').slice(0, ID_CHARS);
  return {
    ...{
      transferId: `${prefix}_${hash}` as TransferId,
      atMs,
      period: periodAt(atMs),
      tenantId,
      amountNano,
      reason,
    },
    ...(traceId !== undefined && { traceId }),
  };
}

async function post(ledger: Ledger, transfer: Transfer): Promise<MoneyOutcome> {
  if (transfer.amountNano <= 0n) return { kind: 'not_positive' };
  const { posted, conflicting } = await ledger.post([transfer]);
  if (conflicting.length > 0) return { kind: 'key_reused' };
  if (posted.length > 0) return { kind: 'posted', transfer };
  return { kind: 'repeated', transfer: (await ledger.find(transfer.transferId)) ?? transfer };
}

/** Gives back a part or all of what a transfer took. */
export type Refund = (command: MoneyCommand & { readonly transferId: TransferId }) => Promise<RefundOutcome>;

export type RefundOutcome =
  | Exclude<MoneyOutcome, { readonly kind: 'wrong_currency' }>
  /** The tenant has no such transfer, or paid nothing by it. */
  | { readonly kind: 'not_found' }
  | { readonly kind: 'too_large' };

export const makeRefund =
  ({ ledger, clock }: WalletPorts): Refund =>
  async (command) => {
    const paid = await ledger.find(command.transferId);
    if (!paid || paid.tenantId !== command.tenantId || paidNano(paid) <= 0n) return { kind: 'not_found' };
    const transfer: Transfer = {
      ...transferFrom(command, clock.nowMs(), 'rfd'),
      ...{ kind: 'refund', debit: houseAccount('refunds', paid.currency), credit: paid.debit },
      ...{ currency: paid.currency, refersTo: paid.transferId },
    };
    try {
      const outcome = await post(ledger, transfer);
      return outcome.kind === 'wrong_currency' ? { kind: 'not_found' } : outcome;
    } catch (error) {
      if (error instanceof RefundTooLarge) return { kind: 'too_large' };
      throw error;
    }
  };

/** What a tenant has, and owes, in a currency. */
export interface Standing {
  readonly currency: string;
  readonly walletNano: bigint;
  readonly owedNano: bigint;
}

export type ReadStandings = (tenantId: TenantId) => Promise<readonly Standing[]>;

export const makeReadStandings =
  ({ ledger }: Pick<WalletPorts, 'ledger'>): ReadStandings =>
  async (tenantId) => {
    const balances = await ledger.balances(tenantId);
    const held = (account: AccountId): bigint => {
      const found = balances.find((balance) => balance.account === account);
      return found ? found.creditNano - found.debitNano : 0n;
    };
    return [...new Set(balances.map(({ currency }) => currency))].sort().map((currency) => ({
      ...{ currency, walletNano: held(wallet(tenantId, currency)) },
      owedNano: -held(receivable(tenantId, currency)),
    }));
  };
