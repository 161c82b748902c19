import type { Budgets } from '@meridian/application';
import type { Budget, BudgetId, TenantId } from '@meridian/domain';
import type { Database } from '../database.ts';

interface BudgetRow {
  readonly budget_id: BudgetId;
  readonly tenant_id: TenantId;
  readonly limit_nano: string;
  readonly currency: string;
  readonly alerts_at: readonly number[];
  readonly hard_stop: boolean;
}

/** An id is its tenant's: another one's budget is left as it is. */
const PUT = `
  INSERT INTO budgets AS b VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (budget_id) DO UPDATE
  SET limit_nano = excluded.limit_nano, currency = excluded.currency, alerts_at = excluded.alerts_at,
      hard_stop = excluded.hard_stop
  WHERE b.tenant_id = excluded.tenant_id`;

export class PostgresBudgets implements Budgets {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(tenantId?: TenantId): Promise<readonly Budget[]> {
    const { rows } = await this.#database.query<BudgetRow>(
      'SELECT * FROM budgets WHERE $1::text IS NULL OR tenant_id = $1 ORDER BY budget_id COLLATE "C"',
      [tenantId ?? null],
    );
    return rows.map((row) => ({
      ...{ budgetId: row.budget_id, tenantId: row.tenant_id, period: 'month', currency: row.currency },
      ...{ limitNano: BigInt(row.limit_nano), alertsAt: row.alerts_at, hardStop: row.hard_stop },
    }));
  }

  async put({ budgetId, tenantId, limitNano, currency, alertsAt, hardStop }: Budget): Promise<void> {
    await this.#database.query(PUT, [budgetId, tenantId, String(limitNano), currency, alertsAt, hardStop]);
  }

  async remove(tenantId: TenantId, budgetId: BudgetId): Promise<boolean> {
    const { rowCount } = await this.#database.query(
      'DELETE FROM budgets WHERE tenant_id = $1 AND budget_id = $2',
      [tenantId, budgetId],
    );
    return rowCount === 1;
  }
}
