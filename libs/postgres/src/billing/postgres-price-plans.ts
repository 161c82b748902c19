import type { PricePlans } from '@meridian/application';
import { HOUR_MS, type PlanId, type PlanLine, type PricePlan, type TenantId } from '@meridian/domain';
import type { Database, Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';

interface PlanRow {
  readonly plan_id: PlanId;
  readonly tenant_id: TenantId | null;
  readonly name: string;
  readonly currency: string;
  readonly effective_from: Date;
  readonly recorded_at: Date;
  readonly terms: Terms;
}

/** JSON has no bigint: amounts of money are text in it. */
type Texts<T> = T extends bigint ? string : T extends object ? { [Key in keyof T]: Texts<T[Key]> } : T;
type Terms = Texts<
  Pick<PricePlan, 'lines' | 'includedMs' | 'minimumNano' | 'commitment' | 'promise' | 'billing'>
> &
  Pick<PricePlan, 'invoiceCurrency'>;

export class PostgresPricePlans implements PricePlans {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(): Promise<readonly PricePlan[]> {
    const { rows } = await this.#database.query<PlanRow>(
      'SELECT * FROM price_plans ORDER BY effective_from, recorded_at, plan_id COLLATE "C"',
    );
    return rows.map(planFrom);
  }

  add(plan: PricePlan): Promise<void> {
    return this.#database.transaction(async (runner) => {
      if (await insert(runner, plan)) await markPlanned(runner, plan);
    });
  }
}

/** False: it was there already. */
async function insert(runner: Runner, plan: PricePlan): Promise<boolean> {
  const { planId, tenantId = null, name, currency, effectiveFromMs, recordedAtMs, ...terms } = plan;
  const json = JSON.stringify(terms, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const { rowCount } = await runner.query(
    'INSERT INTO price_plans VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (plan_id) DO NOTHING',
    [planId, tenantId, name, currency, timestamp(effectiveFromMs), timestamp(recordedAtMs), json],
  );
  return rowCount === 1;
}

const MARK = `
  INSERT INTO charge_marks AS m (tenant_id, hour, changes)
  SELECT DISTINCT tenant_id, hour, 1 FROM usage_hours
  WHERE hour >= $1 AND hour < $2 AND ($3::text IS NULL OR tenant_id = $3) ORDER BY tenant_id, hour
  ON CONFLICT (tenant_id, hour) DO UPDATE SET changes = m.changes + 1`;

const DAY_MS = 24 * HOUR_MS;

/** Day by day, so that no statement takes long; the newest last, since it is there that a roll-up would have to wait. */
async function markPlanned(runner: Runner, { tenantId, effectiveFromMs }: PricePlan): Promise<void> {
  const { rows } = await runner.query<{ first: Date | null; last: Date | null }>(
    'SELECT min(hour) AS first, max(hour) AS last FROM usage_hours WHERE hour >= $1',
    [timestamp(effectiveFromMs)],
  );
  const [first, last] = [rows[0]?.first?.getTime(), rows[0]?.last?.getTime()];
  if (first === undefined || last === undefined) return;
  for (let fromMs = first; fromMs <= last; fromMs += DAY_MS)
    await runner.query(MARK, [timestamp(fromMs), timestamp(fromMs + DAY_MS), tenantId ?? null]);
}

function planFrom({
  plan_id,
  tenant_id,
  name,
  currency,
  effective_from,
  recorded_at,
  terms,
}: PlanRow): PricePlan {
  const { lines, minimumNano, commitment, ...rest } = terms;
  return {
    ...{ planId: plan_id, ...(tenant_id !== null && { tenantId: tenant_id }), name, currency },
    ...{ effectiveFromMs: effective_from.getTime(), recordedAtMs: recorded_at.getTime() },
    ...{ ...rest, lines: lines.map(lineFrom), minimumNano: BigInt(minimumNano) },
    ...(commitment && { commitment: { ...commitment, nanoPerHour: BigInt(commitment.nanoPerHour) } }),
  };
}

const lineFrom = ({ tiers, ...line }: Texts<PlanLine>): PlanLine => ({
  ...line,
  tiers: tiers.map(({ nanoPerUnit, flatNano, ...tier }) => ({
    ...{ ...tier, nanoPerUnit: BigInt(nanoPerUnit) },
    ...(flatNano !== undefined && { flatNano: BigInt(flatNano) }),
  })),
});
