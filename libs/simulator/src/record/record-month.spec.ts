// The recorded month over the stores in memory, which pass the same contracts as the real ones.
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  FakeBilling,
  FakeGpuHours,
  FakeModelCatalog,
  FakeRecord,
  FakeSessionRepository,
  FakeTenantRepository,
  FakeUsageHours,
  FakeUsageRepository,
} from '@meridian/testkit/world';
import { makeMonth } from './make-month.ts';
import { TENANTS } from './month-scenario.ts';
import { recordMonth, type RecordPorts } from './record-month.ts';

const TO_MS = Date.UTC(2026, 10, 23, 5);
const month = makeMonth({ days: 1, seed: 3, toMs: TO_MS });
const WINDOW = {
  fromMs: month.fromMs,
  toMs: month.toMs,
  groupBy: [],
  interval: 'none',
  timeZone: 'UTC',
} as const;

function stores(): RecordPorts {
  const record = new FakeRecord();
  const billing = new FakeBilling(record);
  const { plans, fxRates, ledger, invoices, budgets, chargeMarks } = billing;
  return {
    ...{ plans, fxRates, ledger, invoices, budgets, chargeMarks },
    sessions: new FakeSessionRepository(record),
    tenants: new FakeTenantRepository(),
    usage: new FakeUsageRepository(record),
    usageHours: new FakeUsageHours(record),
    gpuHours: new FakeGpuHours(record),
    models: new FakeModelCatalog(),
  };
}

async function figuresOf({ usageHours, gpuHours, ledger, tenants, budgets }: RecordPorts) {
  const usage = await usageHours.read(WINDOW);
  const gpus = await gpuHours.read(WINDOW);
  const charged = await ledger.charged(month.fromMs, month.toMs);
  return {
    usage,
    gpus,
    charged,
    tenants: (await tenants.listTenants()).length,
    budgets: (await budgets.list()).length,
  };
}

describe('a month that was recorded', () => {
  const ports = stores();

  beforeAll(() => recordMonth(month, ports, () => undefined), 60_000);

  it('has every second that was played, once', async () => {
    const played = month.sessions.flatMap(({ stays }) => stays);
    // Two seconds pass on each worker before the first frame.
    const activeMs = played.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, toMs - fromMs - 2_000), 0);
    const { usage } = await figuresOf(ports);
    expect(usage.reduce((sum, row) => sum + row.activeMs, 0)).toBe(activeMs);
  });

  it('has every second that a worker was up, and adds up to the bill', async () => {
    const upMs = month.workers.reduce((sum, { startedAtMs, endedAtMs }) => sum + endedAtMs - startedAtMs, 0);
    const { gpus, usage } = await figuresOf(ports);
    expect(gpus.reduce((sum, row) => sum + row.upMs, 0)).toBe(upMs);
    const [bill, cost, idle] = [
      gpus.reduce((sum, { billNano }) => sum + billNano, 0n),
      usage.reduce((sum, { costNano }) => sum + costNano, 0n),
      gpus.flatMap((row) => Object.values(row.idle)).reduce((sum, { nano }) => sum + nano, 0n),
    ];
    expect(cost + idle).toBe(bill);
    expect(await ports.gpuHours.breaches(month.fromMs, month.toMs)).toEqual([]);
    expect((await ports.gpuHours.checks(month.fromMs, month.toMs)).deferred).toBe(0);
  });

  it('has charged every tenant, each of which has a budget', async () => {
    const { charged, tenants, budgets } = await figuresOf(ports);
    expect(new Set(charged.map(({ tenantId }) => tenantId))).toEqual(
      new Set(TENANTS.map(({ tenantId }) => tenantId)),
    );
    expect([tenants, budgets]).toEqual([TENANTS.length, TENANTS.length]);
  });

  it('is no other when it is recorded again', async () => {
    const before = await figuresOf(ports);
    await recordMonth(month, ports, () => undefined);
    expect(await figuresOf(ports)).toEqual(before);
  }, 60_000);
});
