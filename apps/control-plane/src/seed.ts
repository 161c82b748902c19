import type { Tenants, UsageRepository } from '@meridian/application';
import { DEFAULT_PURCHASE, type RateId } from '@meridian/domain';
import type { Config } from './config.ts';

const DEMO_SESSIONS_MAX = 100;
const DEFAULT_RATE_ID = 'rat_default_h100' as RateId;

/**
 * What a first start needs: a rate, so that every second of use has a price, and the tenant of the play page's key.
 * Both are idempotent, so that every replica may do it at every start.
 */
export async function seed(
  { playApiKey, defaultRate }: Pick<Config, 'playApiKey' | 'defaultRate'>,
  tenants: Tenants,
  usage: UsageRepository,
  nowMs: number,
): Promise<void> {
  if (playApiKey !== undefined) await tenants.ensureKey(playApiKey, 'demo', DEMO_SESSIONS_MAX);
  if ((await usage.rates()).length > 0) return;
  await usage.addRate({
    rateId: DEFAULT_RATE_ID,
    gpuType: 'h100',
    ...{ purchase: DEFAULT_PURCHASE, source: 'DEFAULT_RATE_NANO_PER_GPU_HOUR', ...defaultRate },
    effectiveFromMs: 0,
    recordedAtMs: nowMs,
  });
}
