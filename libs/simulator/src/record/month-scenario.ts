// What the recorded month is of: three regions, two models, two kinds of GPU, bought in three ways, and four tenants.
import { poolIdOf, type PoolId, type PurchaseKind, type RegionId, type TenantId } from '@meridian/domain';
import { scenarioSchema, type Scenario } from '../scenario.ts';

export interface MonthPool {
  readonly region: RegionId;
  readonly gpuType: string;
  readonly purchase: PurchaseKind;
  readonly model: string;
  readonly modelVersion: string;
  readonly slots: number;
}

export const poolOf = (pool: MonthPool): PoolId => poolIdOf(pool);

const VERSION = '1.0.0';
const place = (region: string, gpuType: string, purchase: PurchaseKind) => ({
  ...{ region: region as RegionId, gpuType, purchase, modelVersion: VERSION },
});
const US = place('us-east', 'h100', 'reserved');
const EU = place('eu-west', 'h100', 'on_demand');
const US_WEST = place('us-west', 'l40s', 'spot');

export const POOLS: readonly MonthPool[] = [
  { ...US, model: 'gallery', slots: 4 },
  { ...US, model: 'dream', slots: 2 },
  { ...EU, model: 'gallery', slots: 4 },
  { ...EU, model: 'dream', slots: 2 },
  { ...US_WEST, model: 'gallery', slots: 2 },
];

export interface MonthTenant {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly share: number;
  /** Of its sessions, those that are of the model `dream`. */
  readonly dreamShare: number;
}

const tenant = (name: string, share: number, dreamShare: number): MonthTenant => ({
  ...{ tenantId: `ten_${name.toLowerCase()}` as TenantId, name, share, dreamShare },
});

export const TENANTS: readonly MonthTenant[] = [
  tenant('Acme', 42, 0.15),
  tenant('Borealis', 27, 0.3),
  tenant('Citadel', 18, 0.05),
  tenant('Dune', 13, 0.4),
];

export const DAY_MS = 86_400_000;

/** Who comes, in the terms of any simulation; places and prices are the month's own. */
export const trafficScenario = (days: number, seed: number): Scenario =>
  scenarioSchema.parse({
    ...{ name: 'a recorded month', seed, durationS: (days * DAY_MS) / 1_000, warmupS: 3_600 },
    regions: [
      { region: 'us-east', jurisdiction: 'us', latitude: 39.04, longitude: -77.49 },
      { region: 'eu-west', jurisdiction: 'eu', latitude: 53.35, longitude: -6.26 },
      { region: 'us-west', jurisdiction: 'us', latitude: 37.35, longitude: -121.95 },
    ],
    pools: [{ region: 'us-east', slotsPerGpu: 4, gpus: 1, pricePerGpuHourGbp: 1 }],
    traffic: {
      ...{ peakConcurrent: 48, medianMinutes: 60, p90Minutes: 180, maxMinutes: 480 },
      tenants: TENANTS.map(({ tenantId, share }) => ({ tenant: tenantId.replace('_', '-'), share })),
    },
  });

export const tenantOf = (name: string): MonthTenant => {
  const found = TENANTS.find(({ tenantId }) => tenantId.replace('_', '-') === name);
  if (!found) throw new Error(`no tenant ${name}`);
  return found;
};
