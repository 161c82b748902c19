import type { Brand } from './brand.ts';

export type TenantId = Brand<string, 'TenantId'>;
export type ApiKeyId = Brand<string, 'ApiKeyId'>;
export type SessionId = Brand<string, 'SessionId'>;
/** Sessions opened together: `grp_...`. */
export type GroupId = Brand<string, 'GroupId'>;
export type WorkerId = Brand<string, 'WorkerId'>;
/** Drawn when a worker process starts; tells a restarted process from the one before it. */
export type Incarnation = Brand<string, 'Incarnation'>;
export type RegionId = Brand<string, 'RegionId'>;
/** `region/gpuType/model@version`: a pool is its parts, so its id is made from them and never drawn. */
export type PoolId = Brand<string, 'PoolId'>;
export type RateId = Brand<string, 'RateId'>;
export type WebhookId = Brand<string, 'WebhookId'>;
export type WebhookDeliveryId = Brand<string, 'WebhookDeliveryId'>;
export type PlanId = Brand<string, 'PlanId'>;
/** Deterministic, so that a posting that is tried again is the same one. */
export type TransferId = Brand<string, 'TransferId'>;
export type InvoiceId = Brand<string, 'InvoiceId'>;
export type BudgetId = Brand<string, 'BudgetId'>;
/** Rises at every re-placement of a session and fences older holders (L2). The first is 1. */
export type Epoch = Brand<number, 'Epoch'>;

export const FIRST_EPOCH = 1 as Epoch;

export const nextEpoch = (epoch: Epoch): Epoch => (epoch + 1) as Epoch;

export interface PoolParts {
  readonly region: RegionId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
}

export const poolIdOf = (parts: PoolParts): PoolId =>
  `${parts.region}/${parts.gpuType}/${parts.model}@${parts.modelVersion}` as PoolId;

/** The parts of a pool id; throws on text that `poolIdOf` did not make. */
export function poolPartsOf(pool: PoolId): PoolParts {
  const parts = /^([^/]+)\/([^/]+)\/(.+)@([^@]+)$/.exec(pool);
  if (!parts) throw new Error(`not a pool id: ${pool}`);
  const [, region, gpuType, model, modelVersion] = parts as unknown as [
    string,
    RegionId,
    string,
    string,
    string,
  ];
  return { region, gpuType, model, modelVersion };
}
