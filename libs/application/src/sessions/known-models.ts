import type { SessionRequest } from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { ModelCatalog, ModelVersion } from '../ports/model-catalog.ts';

/** Undefined: the model is known; else those that are. A model that is being served needs no look at the catalog. */
export async function modelsUnlessKnown(
  { capacity, models }: { readonly capacity: Capacity; readonly models: ModelCatalog },
  { model, modelVersion }: Pick<SessionRequest, 'model' | 'modelVersion'>,
): Promise<readonly ModelVersion[] | undefined> {
  const isAsked = (served: { readonly model: string; readonly modelVersion: string }): boolean =>
    served.model === model && (modelVersion === undefined || served.modelVersion === modelVersion);
  const { regions } = await capacity.read();
  if (regions.some((region) => region.pools.some(isAsked))) return undefined;
  const known = await models.list();
  return known.some(isAsked) ? undefined : known;
}
