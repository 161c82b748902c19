// What is owed for one thing - an hour's usage, a month's minimum - is posted as a series: its transfers add up to what
// is due now, and the n-th is named after how many there were before. Whoever posts from the same knowledge posts the
// same id, so that of two replicas, or of two tries, one counts.
import type { TenantId, TransferId } from '../ids.ts';
import { periodAt, type Period } from './period.ts';
import {
  houseAccount,
  paidNano,
  type AccountId,
  type HouseAccount,
  type Transfer,
  type TransferKind,
} from './transfer.ts';

export interface Due {
  /** Such as `chg_<tenant>_<hour>`. */
  readonly series: string;
  readonly kind: Extract<TransferKind, 'charge' | 'minimum' | 'commitment' | 'sla_credit'>;
  /** Of the tenant: what it pays comes from here. */
  readonly account: AccountId;
  readonly house: HouseAccount;
  readonly currency: string;
  /** Below 0: the tenant is given it. */
  readonly nano: bigint;
  readonly atMs: number;
  readonly reason: string;
  readonly hourMs?: number;
}

export interface PostingContext {
  readonly tenantId: TenantId;
  /** Whose price it is. */
  readonly period: Period;
  /** Corrections go into the current period, and name this one. */
  readonly isClosed: boolean;
  readonly nowMs: number;
}

const SERIES_KINDS: ReadonlySet<TransferKind> = new Set([
  'charge',
  'minimum',
  'commitment',
  'sla_credit',
  'correction',
]);

/** The transfers that are left to post, so that every series comes to what is due; what is due no more is taken back. */
export function missingTransfers(
  dues: readonly Due[],
  posted: readonly Transfer[],
  context: PostingContext,
): readonly Transfer[] {
  const before = Map.groupBy(
    posted.filter(({ kind }) => SERIES_KINDS.has(kind)),
    ({ transferId }) => seriesOf(transferId),
  );
  const wanted = Map.groupBy(dues, ({ series }) => series);
  return [...new Set([...wanted.keys(), ...before.keys()])].sort().flatMap((series) => {
    const rows = before.get(series) ?? [];
    return differences(wanted.get(series) ?? [], rows)
      .filter(({ nano }) => nano !== 0n)
      .map((due, i) => transferOf(due, rows[0], rows.length + i, context));
  });
}

const seriesOf = (transferId: TransferId): string => transferId.slice(0, transferId.lastIndexOf('_'));

/** By account: a plan of another currency, or prepaid now, takes back from one and charges the other. */
function differences(wanted: readonly Due[], posted: readonly Transfer[]): readonly Due[] {
  const byAccount = Map.groupBy(posted, tenantAccountOf);
  const more = wanted.map((due) => ({ ...due, nano: due.nano - netOf(byAccount.get(due.account) ?? []) }));
  const gone = [...byAccount].filter(([account]) => wanted.every((due) => due.account !== account));
  return [...gone.map(([, rows]) => takenBack(rows)), ...more];
}

const tenantAccountOf = ({ tenantId, debit, credit }: Transfer): AccountId =>
  debit.startsWith(`tenant/${tenantId}/`) ? debit : credit;

const netOf = (rows: readonly Transfer[]): bigint => rows.reduce((sum, row) => sum + paidNano(row), 0n);

function takenBack(rows: readonly Transfer[]): Due {
  const [first] = rows as readonly [Transfer];
  const account = tenantAccountOf(first);
  const house = (first.debit === account ? first.credit : first.debit).split(':')[0] as HouseAccount;
  const { currency, hourMs, atMs, reason, transferId } = first;
  return {
    ...{
      series: seriesOf(transferId),
      kind: 'charge',
      account,
      house,
      currency,
      nano: -netOf(rows),
      atMs,
      reason,
    },
    ...(hourMs !== undefined && { hourMs }),
  };
}

function transferOf(due: Due, first: Transfer | undefined, n: number, context: PostingContext): Transfer {
  const { tenantId, period, isClosed, nowMs } = context;
  const house = houseAccount(due.house, due.currency);
  const atMs = isClosed ? nowMs : due.atMs;
  return {
    transferId: `${due.series}_${n}` as TransferId,
    kind: n === 0 && !isClosed ? due.kind : 'correction',
    ...{ atMs, period: periodAt(atMs), tenantId, currency: due.currency },
    ...(due.nano > 0n ? { debit: due.account, credit: house } : { debit: house, credit: due.account }),
    amountNano: due.nano > 0n ? due.nano : -due.nano,
    ...(isClosed && { corrects: period }),
    ...(first && { refersTo: first.transferId }),
    reason: n === 0 && !isClosed ? due.reason : `correction: ${due.reason}`,
    ...(due.hourMs !== undefined && { hourMs: due.hourMs }),
  };
}
