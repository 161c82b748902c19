// What the GPUs cost us, as FOCUS: a row for each hour, tenant, pool and purchase kind that used any, and one for each
// cause that a pool stood idle for. Over any whole hours, BilledCost adds up to the GPUs' bill (M3).
import type { GpuHours, GpuHourRow, UsageHours, UsageRow } from '@meridian/application';
import { IDLE_CAUSES, poolPartsOf, type IdleCause, type PoolId, type PurchaseKind } from '@meridian/domain';
import { SERVICE, costs, hoursOf, periods, type FocusRow } from './focus.ts';
import type { Window } from './window.ts';

export interface FocusCostPorts {
  readonly usageHours: UsageHours;
  readonly gpuHours: GpuHours;
  /** Names by id. */
  readonly tenants: ReadonlyMap<string, string>;
  readonly regions: ReadonlyMap<string, string>;
}

const DAY_MS = 86_400_000;
const HOURLY = { interval: 'hour', timeZone: 'UTC' } as const;

/** A day is read at a time. */
export async function* focusCostRows(
  ports: FocusCostPorts,
  { fromMs, toMs }: Window,
): AsyncGenerator<FocusRow> {
  for (let at = fromMs; at < toMs; at += DAY_MS) {
    const day = { fromMs: at, toMs: Math.min(at + DAY_MS, toMs), ...HOURLY };
    const used = await ports.usageHours.read({ ...day, groupBy: ['tenant', 'pool', 'purchase'] });
    const stood = await ports.gpuHours.read({ ...day, groupBy: ['pool', 'purchase'] });
    for (const row of used) yield usageRow(ports, row);
    for (const row of stood) yield* idleRows(ports, row);
  }
}

const FLEET = {
  BillingAccountId: 'meridian-fleet',
  BillingAccountName: 'Meridian fleet',
  BillingAccountType: 'Fleet',
} as const;

/** Spot prices change without notice; the others are agreed. */
const PRICING: Readonly<Record<PurchaseKind, string>> = {
  on_demand: 'Standard',
  reserved: 'Standard',
  spot: 'Dynamic',
};

function placeOf(
  { regions }: FocusCostPorts,
  pool: PoolId | undefined,
  purchase: PurchaseKind = 'on_demand',
): FocusRow {
  if (pool === undefined) return {};
  const { region, gpuType, model, modelVersion } = poolPartsOf(pool);
  return {
    PricingCategory: PRICING[purchase],
    RegionId: region,
    RegionName: regions.get(region) ?? region,
    ResourceId: pool,
    ResourceName: `${model} ${modelVersion} on ${gpuType}`,
    ResourceType: 'GPU Pool',
    SkuId: `${gpuType}/${region}/${purchase}`,
    SkuMeter: 'GPU Hours',
    Tags: JSON.stringify({ model, modelVersion, gpuType, purchase }),
    ...{ x_GpuType: gpuType, x_Model: model, x_ModelVersion: modelVersion, x_Purchase: purchase },
  };
}

function usageRow(ports: FocusCostPorts, row: UsageRow): FocusRow {
  const { fromMs, toMs, tenantId = '', pool, purchase, currency, activeMs, gpuMs, costNano } = row;
  return {
    ...{
      ...FLEET,
      ...SERVICE,
      ...costs(costNano),
      ...periods(fromMs, toMs),
      ...placeOf(ports, pool, purchase),
    },
    BillingCurrency: currency,
    ChargeCategory: 'Usage',
    ChargeDescription: `Sessions on ${pool ?? 'GPUs'}`,
    ChargeFrequency: 'Usage-Based',
    ConsumedQuantity: hoursOf(activeMs),
    ConsumedUnit: 'User-Hours',
    PricingQuantity: hoursOf(gpuMs),
    PricingUnit: 'GPU-Hours',
    SubAccountId: tenantId,
    SubAccountName: ports.tenants.get(tenantId) ?? tenantId,
    SubAccountType: 'Tenant',
    ...{ x_Frames: row.frames, x_LateFrames: row.lateFrames, x_GpuMilliseconds: gpuMs },
    x_SessionsStarted: row.sessionsStarted,
  };
}

function idleRows(ports: FocusCostPorts, row: GpuHourRow): readonly FocusRow[] {
  return IDLE_CAUSES.flatMap((cause) => {
    const { ms, nano } = row.idle[cause];
    return ms === 0 && nano === 0n ? [] : [idleRow(ports, row, cause)];
  });
}

function idleRow(ports: FocusCostPorts, row: GpuHourRow, cause: IdleCause): FocusRow {
  const { fromMs, toMs, pool, purchase, currency, idle } = row;
  const { ms, nano } = idle[cause];
  return {
    ...{ ...FLEET, ...SERVICE, ...costs(nano), ...periods(fromMs, toMs), ...placeOf(ports, pool, purchase) },
    BillingCurrency: currency,
    ChargeCategory: 'Usage',
    ChargeDescription: `Idle GPUs of ${pool ?? 'the fleet'}: ${cause.replaceAll('_', ' ')}`,
    ChargeFrequency: 'Usage-Based',
    ConsumedQuantity: hoursOf(ms),
    ConsumedUnit: 'GPU-Hours',
    PricingQuantity: hoursOf(ms),
    PricingUnit: 'GPU-Hours',
    ...{ x_IdleCause: cause, x_GpuMilliseconds: ms },
  };
}
