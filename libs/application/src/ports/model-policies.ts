import type { PlacementPolicy } from '@meridian/domain';
import type { SessionLimits } from '../policy.ts';

export interface StoredPolicy {
  readonly model: string;
  readonly policy: PlacementPolicy;
  /** Limits of its sessions; what is absent is as the deployment has it. */
  readonly limits?: Partial<SessionLimits>;
  readonly updatedAtMs: number;
}

/** How each model's sessions are placed and limited, where an operator has said so. Throws `StoreUnavailable`. */
export interface ModelPolicies {
  get(model: string): Promise<StoredPolicy | undefined>;
  /** Replaces the one before. The model need not be known yet. */
  put(stored: StoredPolicy): Promise<void>;
  /** False: there was none. */
  remove(model: string): Promise<boolean>;
  /** By model. */
  list(): Promise<readonly StoredPolicy[]>;
}
