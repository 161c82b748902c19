import type { PlacementPolicy } from '@meridian/domain';

export interface StoredPolicy {
  readonly model: string;
  readonly policy: PlacementPolicy;
  readonly updatedAtMs: number;
}

/** How each model's sessions are placed, where an operator has said so. Throws `StoreUnavailable`. */
export interface ModelPolicies {
  get(model: string): Promise<StoredPolicy | undefined>;
  /** Replaces the one before. The model need not be known yet. */
  put(stored: StoredPolicy): Promise<void>;
  /** False: there was none. */
  remove(model: string): Promise<boolean>;
  /** By model. */
  list(): Promise<readonly StoredPolicy[]>;
}
