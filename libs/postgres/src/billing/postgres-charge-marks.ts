import type { ChargeMark, ChargeMarks } from '@meridian/application';
import type { TenantId } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';

interface MarkRow {
  readonly tenant_id: TenantId;
  readonly hour: Date;
  readonly changes: string;
}

const DUE = `
  SELECT * FROM charge_marks JOIN (
    SELECT tenant_id, min(hour) AS oldest FROM charge_marks WHERE hour < $1 GROUP BY tenant_id
    ORDER BY oldest, tenant_id COLLATE "C" LIMIT $2
  ) waiting USING (tenant_id)
  WHERE hour < $1 ORDER BY oldest, tenant_id COLLATE "C", hour LIMIT $2`;

/** A mark that somebody is changing now has changed: it stays. */
const SETTLE = `
  DELETE FROM charge_marks WHERE (tenant_id, hour) IN (
    SELECT m.tenant_id, m.hour FROM charge_marks m
    JOIN json_populate_recordset(NULL::charge_marks, $1) seen USING (tenant_id, hour, changes)
    FOR UPDATE OF m SKIP LOCKED
  )`;

export class PostgresChargeMarks implements ChargeMarks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async due(beforeMs: number, limit: number): Promise<readonly ChargeMark[]> {
    const { rows } = await this.#database.query<MarkRow>(DUE, [timestamp(beforeMs), limit]);
    return rows.map((row) => ({
      ...{ tenantId: row.tenant_id, hourMs: row.hour.getTime(), changes: Number(row.changes) },
    }));
  }

  async settle(marks: readonly ChargeMark[]): Promise<void> {
    const rows = marks.map(({ tenantId, hourMs, changes }) => ({
      ...{ tenant_id: tenantId, hour: timestamp(hourMs), changes },
    }));
    await this.#database.query(SETTLE, [JSON.stringify(rows)]);
  }
}
