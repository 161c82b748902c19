import type { ModelVersion } from '@meridian/application';
import type { CapacitySnapshot, PoolSnapshot } from '@meridian/domain';
import type { z } from 'zod';
import type { Region } from '../config.ts';
import type { RegionView } from './catalogue.schemas.ts';

export function viewRegion(region: Region, snapshot: CapacitySnapshot): z.output<typeof RegionView> {
  const now = snapshot.regions.find((candidate) => candidate.region === region.id);
  const served = now?.pools.filter(isServed).map(({ model }) => model) ?? [];
  return {
    id: region.id,
    name: region.name,
    jurisdiction: region.jurisdiction,
    pingUrl: `${region.gateways[0].url.replace(/\/$/, '')}/ping`,
    reachable: now?.reachable ?? false,
    models: [...new Set(served)].sort(),
  };
}

export const regionsServing = (
  { model, modelVersion }: Pick<ModelVersion, 'model' | 'modelVersion'>,
  snapshot: CapacitySnapshot,
): string[] =>
  snapshot.regions
    .filter(({ pools }) =>
      pools.some((pool) => pool.model === model && pool.modelVersion === modelVersion && isServed(pool)),
    )
    .map(({ region }) => region);

const isServed = ({ workers }: PoolSnapshot): boolean => workers.some(({ health }) => health === 'ready');
