// A morning's usage of two tenants, settled, behind a control plane on fake stores: every figure is known beforehand.
import { expect } from '@jest/globals';
import { EU_WEST, US_EAST, VirtualClock, aRate } from '@meridian/testkit';
import { play, settle, workerUp } from './billed-fleet.ts';
import { fakeStores, type FakeStores } from './fake-stores.ts';
import type { HttpAnswer, HttpCaller } from './http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from './test-control-plane.ts';

export const HOUR_MS = 3_600_000;
const EIGHT = Date.UTC(2026, 10, 2, 8);
/** The hour of the usage, and the one after it. */
export const WINDOW = 'from=2026-11-02T08:00:00.000Z&to=2026-11-02T10:00:00.000Z';
export const ADMIN = '/admin/v1/billing';
export const OWN = '/v1/billing';

export type TenantCaller = HttpCaller & { readonly tenantId: string };
export type Row = Readonly<Record<string, unknown>>;

export interface BillingScene {
  readonly clock: VirtualClock;
  readonly stores: FakeStores;
  readonly cp: TestControlPlane;
  /** Half an hour in us-east, at a thousandth a second. Its name would be a formula. */
  readonly acme: TenantCaller;
  /** Ten minutes in us-east and twenty in eu-west, at half of that. */
  readonly other: TenantCaller;
  /** Acme's. */
  readonly session: string;
}

/** Two GPUs of two slots, each up for an hour at £2.40. */
export async function openBillingScene(): Promise<BillingScene> {
  const clock = new VirtualClock();
  const stores = fakeStores(clock);
  const cp = await startTestControlPlane(clock, stores);
  const [acme, other] = [await cp.tenant('=Acme'), await cp.tenant('Other')];
  await stores.usage.addRate(aRate());
  await addPlans(cp, acme.tenantId);
  await workerUp(stores, US_EAST, EIGHT);
  await workerUp(stores, EU_WEST, EIGHT);
  const startMs = EIGHT + 60_000;
  const session = await play(stores, { tenant: acme.tenantId, region: US_EAST, startMs, ms: 1_800_000 });
  await play(stores, { tenant: other.tenantId, region: US_EAST, startMs, ms: 600_000 });
  await play(stores, { tenant: other.tenantId, region: EU_WEST, startMs, ms: 1_200_000 });
  await settle(stores, clock);
  return { clock, stores, cp, acme, other, session };
}

async function addPlans({ admin }: TestControlPlane, acme: string): Promise<void> {
  const line = (nanoPerUnit: string) => ({
    unit: 'active_second',
    mode: 'graduated',
    tiers: [{ nanoPerUnit }],
  });
  const plan = { currency: 'GBP', effectiveFrom: '2026-11-01T00:00:00.000Z' };
  await admin.post(`${ADMIN}/plans`, { ...plan, name: 'standard', lines: [line('500000')] });
  await admin.post(`${ADMIN}/plans`, { ...plan, name: 'acme', tenant: acme, lines: [line('1000000')] });
}

export const rowsOf = ({ body }: HttpAnswer): readonly Row[] => body['rows'] as Row[];

/** The sum of a field of nano-units. */
export const sumOf = (rows: readonly Row[], field: string): bigint =>
  rows.reduce((sum, row) => sum + BigInt(String(row[field] ?? 0)), 0n);

export function expectProblem(
  { status, body }: HttpAnswer,
  expected: number,
  code: string,
  field?: string,
): void {
  expect([status, body['code']]).toEqual([expected, code]);
  if (field === undefined) return;
  expect(body['errors']).toMatchObject([{ field, fix: expect.stringMatching(/.../) }]);
}
