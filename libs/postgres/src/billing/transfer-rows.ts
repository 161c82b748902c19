import { PeriodClosed, RefundTooLarge } from '@meridian/application';
import type { AccountId, Period, TenantId, Transfer, TransferId, TransferKind } from '@meridian/domain';
import type { Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';

/** A row of `ledger_transfers`; pg reads numeric as text, so that no nano is lost. */
export interface TransferRow {
  readonly transfer_id: TransferId;
  readonly kind: TransferKind;
  readonly at: Date;
  readonly period: Period;
  readonly tenant_id: TenantId;
  readonly debit: AccountId;
  readonly credit: AccountId;
  readonly amount_nano: string;
  readonly currency: string;
  readonly corrects: Period | null;
  readonly refers_to: TransferId | null;
  readonly reason: string;
  readonly hour: Date | null;
  readonly trace_id: string | null;
}

export const transferFrom = (row: TransferRow): Transfer => ({
  ...{ transferId: row.transfer_id, kind: row.kind, atMs: row.at.getTime(), period: row.period },
  ...{ tenantId: row.tenant_id, debit: row.debit, credit: row.credit },
  ...{ amountNano: BigInt(row.amount_nano), currency: row.currency },
  ...(row.corrects !== null && { corrects: row.corrects }),
  ...(row.refers_to !== null && { refersTo: row.refers_to }),
  reason: row.reason,
  ...(row.hour !== null && { hourMs: row.hour.getTime() }),
  ...(row.trace_id !== null && { traceId: row.trace_id }),
});

const transferRow = (transfer: Transfer) => ({
  transfer_id: transfer.transferId,
  kind: transfer.kind,
  at: timestamp(transfer.atMs),
  period: transfer.period,
  tenant_id: transfer.tenantId,
  debit: transfer.debit,
  credit: transfer.credit,
  amount_nano: String(transfer.amountNano),
  currency: transfer.currency,
  corrects: transfer.corrects ?? null,
  refers_to: transfer.refersTo ?? null,
  reason: transfer.reason,
  hour: transfer.hourMs === undefined ? null : timestamp(transfer.hourMs),
  trace_id: transfer.traceId ?? null,
});

/** In the order of their ids: of two who post the same, one waits for the other, and neither in a circle. */
const INSERT = `
  INSERT INTO ledger_transfers SELECT * FROM json_populate_recordset(NULL::ledger_transfers, $1) ORDER BY transfer_id
  ON CONFLICT (transfer_id) DO NOTHING RETURNING transfer_id`;

/** Posts those that are not there; answers which. */
export async function insertTransfers(
  runner: Runner,
  transfers: readonly Transfer[],
): Promise<ReadonlySet<TransferId>> {
  try {
    const rows = JSON.stringify(transfers.map(transferRow));
    const posted = await runner.query<Pick<TransferRow, 'transfer_id'>>(INSERT, [rows]);
    return new Set(posted.rows.map((row) => row.transfer_id));
  } catch (error) {
    throw saidByTrigger(error);
  }
}

/** What the ledger's trigger refuses, by its code. */
function saidByTrigger(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'MB001') return new PeriodClosed({ cause: error });
  if (code === 'MB002') return new RefundTooLarge({ cause: error });
  return error;
}
