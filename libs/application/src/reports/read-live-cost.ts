// What the fleet costs this moment, from the registry: who is up, at which rate, and how many slots sessions hold.
import { rateAt, type Rate, type RegionId } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { UsageRepository } from '../ports/usage-repository.ts';
import type { RegisteredWorker, WorkerRegistry } from '../ports/worker-registry.ts';

export interface LiveCostPorts {
  readonly registry: WorkerRegistry;
  readonly usage: Pick<UsageRepository, 'rates'>;
  readonly clock: Clock;
  readonly regions: readonly { readonly region: RegionId }[];
}

/** Sums over workers that are up. */
export interface LiveSum {
  readonly currency: string;
  /** Slots that sessions hold. */
  readonly sessions: number;
  readonly slots: number;
  readonly gpus: number;
  readonly nanoPerHour: bigint;
  /** The part of it that sessions hold, by their share of each worker's slots. */
  readonly heldNanoPerHour: bigint;
}

export interface LiveCost extends LiveSum {
  readonly atMs: number;
  readonly byRegion: readonly (LiveSum & { readonly region: RegionId })[];
  readonly byModel: readonly (LiveSum & { readonly model: string })[];
  /** Regions whose store does not answer: they are in no sum. */
  readonly unreachable: readonly RegionId[];
}

export type ReadLiveCost = () => Promise<LiveCost>;

export const makeReadLiveCost =
  ({ registry, usage, clock, regions }: LiveCostPorts): ReadLiveCost =>
  async () => {
    const atMs = clock.nowMs();
    const [rates, lists] = await Promise.all([
      usage.rates(),
      Promise.all(regions.map(async ({ region }) => ({ region, workers: await listed(registry, region) }))),
    ]);
    const up = lists.flatMap(({ workers }) => (workers ?? []).filter(({ health }) => health !== 'lost'));
    const byRegion = [...Map.groupBy(up, ({ region }) => region)];
    const byModel = [...Map.groupBy(up, ({ model }) => model)];
    return {
      atMs,
      ...sumOf(up, rates, atMs),
      byRegion: byRegion.map(([region, workers]) => ({ region, ...sumOf(workers, rates, atMs) })),
      byModel: byModel.map(([model, workers]) => ({ model, ...sumOf(workers, rates, atMs) })),
      unreachable: lists.filter(({ workers }) => workers === undefined).map(({ region }) => region),
    };
  };

const listed = (registry: WorkerRegistry, region: RegionId) => registry.list(region).catch(() => undefined);

const FALLBACK_CURRENCY = 'GBP';

/** All rates of a deployment are in one currency but for odd cases; those of another are left out of the sum. */
function sumOf(workers: readonly RegisteredWorker[], rates: readonly Rate[], atMs: number): LiveSum {
  const rated = workers.map((worker) => ({ ...worker, rate: rateAt(rates, worker, atMs) }));
  const currency = rated.find(({ rate }) => rate)?.rate?.currency ?? FALLBACK_CURRENCY;
  const empty = { sessions: 0, slots: 0, gpus: 0, nanoPerHour: 0n, heldNanoPerHour: 0n };
  return rated.reduce<LiveSum>(
    (sum, { rate, gpus, slots, usedSlots }) => {
      const nano = rate?.currency === currency ? rate.nanoPerGpuHour * BigInt(gpus) : 0n;
      const heldNano = slots > 0 ? (nano * BigInt(Math.min(usedSlots, slots))) / BigInt(slots) : 0n;
      return {
        currency,
        sessions: sum.sessions + usedSlots,
        slots: sum.slots + slots,
        gpus: sum.gpus + gpus,
        nanoPerHour: sum.nanoPerHour + nano,
        heldNanoPerHour: sum.heldNanoPerHour + heldNano,
      };
    },
    { currency, ...empty },
  );
}
