// The books under concurrency: replicas that post and close at once, a process that is killed in between, usage that
// comes after the invoice. Every time each hour comes to what is due, once, and invoices are what the ledger says.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  makeClosePeriod,
  makePostCharges,
  makeRefund,
  PeriodClosed,
  StoreUnavailable,
  type BillingStores,
} from '@meridian/application';
import {
  balancesOf,
  chargeDues,
  HOUR_MS,
  paidNano,
  periodAt,
  pricePeriod,
  type Period,
  type TenantId,
  type Transfer,
} from '@meridian/domain';
import {
  aPricePlan,
  aTenant,
  aTransfer,
  aUsageHour,
  SeededDraw,
  tenantId,
  VirtualClock,
} from '@meridian/testkit';
import { NotedIncidents } from '@meridian/testkit';
import { Database } from '../database.ts';
import { openRecord, type RecordFixture } from '../testing/fixture.ts';
import { PostgresUsageHours } from '../metering/postgres-usage-hours.ts';
import { postgresBilling } from './postgres-billing.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9);
const T0 = Date.UTC(2026, 10, 1);
const NOVEMBER = '2026-11' as Period;
const DAY_MS = 86_400_000;
const HOURS = 24;
const ACME = tenantId('acme');
const TIERS = [{ upTo: 20_000, nanoPerUnit: 1_000_000n }, { nanoPerUnit: 700_001n }];

describe(`the books (SEED=${SEED} plays it again)`, () => {
  let record: RecordFixture;
  let clock: VirtualClock;
  let draw: SeededDraw;
  beforeAll(async () => {
    record = await openRecord();
  });
  afterAll(() => record.drop());
  beforeEach(async () => {
    await record.clear();
    clock = new VirtualClock(T0 + 40 * DAY_MS);
    draw = new SeededDraw(SEED);
    await record.tenants.createTenant(aTenant());
    const lines = [{ unit: 'active_second', mode: 'graduated', tiers: TIERS }] as const;
    await record.billing.plans.add(aPricePlan({ lines }));
  });

  /** What a replica of the control plane has: stores over connections of its own. */
  const portsOf = (database: Database, over: Partial<BillingStores> = {}) => ({
    ...{
      ...postgresBilling(database),
      usageHours: new PostgresUsageHours(database),
      tenants: record.tenants,
      clock,
    },
    ...{ incidents: new NotedIncidents(), events: { emit: async () => undefined }, ...over },
  });
  const replicas = async (count: number, work: (ports: ReturnType<typeof portsOf>) => Promise<void>) => {
    const databases = Array.from(
      { length: count },
      () => new Database({ url: record.url, connectionsMax: 3 }),
    );
    await Promise.all(databases.map((database) => work(portsOf(database))));
    await Promise.all(databases.map((database) => database.close()));
  };
  const post = () => makePostCharges(portsOf(record.database))();

  /** Usage of the n-th hour of November, in place of what there was: as a roll-up writes it. */
  const use = async (hour: number, activeMs: number, of: TenantId = ACME): Promise<void> => {
    const row = aUsageHour({ hourMs: T0 + hour * HOUR_MS, tenantId: of, activeMs });
    await record.database.transaction(async (runner) => {
      const at = new Date(row.hourMs).toISOString();
      await runner.query('DELETE FROM usage_hours WHERE tenant_id = $1 AND hour = $2', [of, at]);
      await runner.query(
        `INSERT INTO usage_hours (hour, active_ms, gpu_ms, frames, late_frames, sessions_started, started_minutes,
           segments, cost_nano, tenant_id, pool, region, gpu_type, model, model_version, purchase, currency)
         VALUES ($1, $2, 0, $3, 0, 0, 1, 1, 0, $4, $5, $6, $7, $8, $9, 'on_demand', 'GBP')`,
        [at, row.activeMs, row.frames, of, row.pool, row.region, row.gpuType, row.model, row.modelVersion],
      );
    });
  };
  const rows = async (of: TenantId = ACME): Promise<readonly Transfer[]> =>
    (await record.billing.ledger.page({ tenantId: of, limit: 10_000 })).transfers;
  const total = (some: readonly Transfer[]) => some.reduce((sum, row) => sum + paidNano(row), 0n);

  /** Each hour is charged what it comes to, and balances are the transfers'. */
  const expectRight = async (of: TenantId = ACME): Promise<void> => {
    const usage = await record.usageHours.hours(T0, T0 + 30 * DAY_MS, of);
    const [plan] = await record.billing.plans.all();
    const dues = chargeDues(
      pricePeriod(() => plan, usage),
      of,
    );
    const posted = await rows(of);
    const byHour = Map.groupBy(posted, ({ hourMs }) => hourMs);
    expect(dues.map(({ hourMs }) => [hourMs, total(byHour.get(hourMs) ?? [])])).toEqual(
      dues.map(({ hourMs, nano }) => [hourMs, nano]),
    );
    expect(await record.billing.ledger.balances(of)).toEqual(balancesOf(posted));
  };

  /** Resolves when somebody who posts waits for a lock; `act` is done to the backend that does. */
  const untilPostWaits = async (act = 'pid'): Promise<void> => {
    for (;;) {
      const { rows: waiting } = await record.database.query(
        `SELECT ${act} FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO ledger_transfers%'`,
      );
      if (waiting.length > 0) return;
    }
  };

  it('charge each hour once, though several replicas post at once while usage still changes', async () => {
    for (let hour = 0; hour < HOURS; hour++) await use(hour, 1 + draw.below(HOUR_MS));
    const change = async () => {
      for (let i = 0; i < 30; i++) await use(draw.below(HOURS), 1 + draw.below(HOUR_MS));
    };
    await Promise.all([
      change(),
      replicas(3, async (ports) => {
        for (let i = 0; i < 10; i++) await makePostCharges(ports)();
      }),
    ]);
    await post();
    await expectRight();
    expect(await record.billing.chargeMarks.due(clock.nowMs(), 100)).toEqual([]);
    expect(await post()).toEqual({ posted: 0 });
  });

  it('charge each hour once, by two replicas that start from the same', async () => {
    for (let hour = 0; hour < HOURS; hour++) await use(hour, 1_000_000 + hour);
    await replicas(2, async (ports) => void (await makePostCharges(ports)()));
    expect(await rows()).toHaveLength(HOURS);
    await expectRight();
  });

  it('lose and repeat nothing when the process is killed between usage and commit', async () => {
    await use(0, 60_000);
    await post();
    await use(0, 90_000);
    const [before] = await rows();
    const dying = new Database({ url: record.url });
    const blocker = new Database({ url: record.url });
    await blocker.transaction(async (runner) => {
      await runner.query('SELECT FROM billing_periods FOR UPDATE');
      const died = expect(makePostCharges(portsOf(dying))()).rejects.toThrow(StoreUnavailable);
      await untilPostWaits('pg_terminate_backend(pid)');
      await died;
    });
    await Promise.all([dying.close(), blocker.close()]);
    expect(await rows()).toEqual([before]);
    expect(await post()).toEqual({ posted: 1 });
    expect(await post()).toEqual({ posted: 0 });
    await expectRight();
  });

  it('invoice what the ledger says, though it is posted to and closed by several at once', async () => {
    for (let hour = 0; hour < HOURS; hour++) await use(hour, 1 + draw.below(HOUR_MS));
    const change = async () => {
      for (let i = 0; i < 15; i++) await use(draw.below(HOURS), 1 + draw.below(HOUR_MS));
    };
    await Promise.all([
      change(),
      replicas(3, async (ports) => {
        for (let i = 0; i < 4; i++) {
          await makePostCharges(ports)();
          await makeClosePeriod(ports)({ tenantId: ACME, period: NOVEMBER });
        }
      }),
    ]);
    await makeClosePeriod(portsOf(record.database))({ tenantId: ACME, period: NOVEMBER });
    await post();
    await expectRight();
    const invoices = await record.billing.invoices.list({});
    expect(invoices.map(({ number }) => number)).toEqual(['2026-11-000001']);
    const ofNovember = await record.billing.ledger.ofPeriod(ACME, NOVEMBER);
    const off = (invoices[0]?.totalNano ?? 0n) - total(ofNovember);
    expect(off <= 5_000_000n && off >= -5_000_000n).toBe(true);
    expect(new Set(invoices[0]?.lines.flatMap(({ transferIds = [] }) => transferIds))).toEqual(
      new Set(ofNovember.map(({ transferId }) => transferId)),
    );
  });

  it('refuse what is posted while the period is being closed', async () => {
    await use(0, 60_000);
    await post();
    const blocker = new Database({ url: record.url });
    const late = await blocker.transaction(async (runner) => {
      await runner.query('SELECT FROM billing_periods FOR UPDATE');
      const refused = expect(
        record.billing.ledger.post([aTransfer({ hourMs: T0 + HOUR_MS })]),
      ).rejects.toThrow(PeriodClosed);
      await untilPostWaits();
      await runner.query('UPDATE billing_periods SET closed_at = now()');
      return { refused };
    });
    await late.refused;
    await blocker.close();
    expect(await rows()).toHaveLength(1);
  });

  it('number the invoices of several tenants without gaps, each once', async () => {
    const tenants = [1, 2, 3, 4, 5].map(tenantId);
    for (const of of tenants) {
      await record.tenants.createTenant(aTenant({ tenantId: of }));
      await use(0, 60_000, of);
    }
    await replicas(3, async (ports) => {
      const close = makeClosePeriod(ports);
      await Promise.all(tenants.map((of) => close({ tenantId: of, period: NOVEMBER })));
    });
    const numbers = (await record.billing.invoices.list({})).map(({ number }) => number);
    expect(numbers).toEqual([1, 2, 3, 4, 5].map((n) => `2026-11-00000${n}`));
  });

  it('correct in the current period what comes after the invoice; the closed one stays as it is', async () => {
    await use(0, 60_000);
    await makeClosePeriod(portsOf(record.database))({ tenantId: ACME, period: NOVEMBER });
    const closed = await record.billing.ledger.ofPeriod(ACME, NOVEMBER);
    const [invoice] = await record.billing.invoices.list({});
    await use(0, 90_000);
    await use(1, 60_000);
    await post();
    await expectRight();
    expect(await record.billing.ledger.ofPeriod(ACME, NOVEMBER)).toEqual(closed);
    expect(await record.billing.invoices.list({})).toEqual([invoice]);
    const late = await record.billing.ledger.ofPeriod(ACME, periodAt(clock.nowMs()));
    expect(late.map(({ kind, corrects, amountNano }) => [kind, corrects, amountNano])).toEqual([
      ['correction', NOVEMBER, 30_000_000_000n / 1_000n],
      ['correction', NOVEMBER, 60_000_000_000n / 1_000n],
    ]);
  });

  it('give back no more than was paid, however many ask at once', async () => {
    await use(0, 60_000);
    await post();
    const [charge] = await rows();
    if (!charge) throw new Error('no charge');
    const refund = makeRefund(portsOf(record.database));
    const asked = {
      tenantId: ACME,
      transferId: charge.transferId,
      amountNano: charge.amountNano / 2n,
      reason: 'r',
    };
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, i) => refund({ ...asked, idempotencyKey: `k${i}` })),
    );
    expect(outcomes.filter(({ kind }) => kind === 'posted')).toHaveLength(2);
    expect(total(await rows())).toBe(0n);
  });
});
