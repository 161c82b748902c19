import type { RegionId } from '@meridian/domain';

/**
 * Since when this process has seen a region's store answer without a gap. Silence is judged only after that: an
 * outage of the store, or of the control plane itself, must not look like the death of every worker (L4).
 */
export interface StoreWatch {
  seen(region: RegionId, nowMs: number): void;
  missed(region: RegionId): void;
  /** How long it has been healthy, ms; 0 when it was not seen lately. */
  healthyMs(region: RegionId, nowMs: number): number;
}

/** `gapMs`: a longer pause between two looks counts as an outage, since nobody looked. */
export function makeStoreWatch(gapMs: number): StoreWatch {
  const looks = new Map<RegionId, { readonly sinceMs: number; readonly lastMs: number }>();
  return {
    seen(region, nowMs) {
      const look = looks.get(region);
      const unbroken = look && nowMs - look.lastMs <= gapMs;
      looks.set(region, { sinceMs: unbroken ? look.sinceMs : nowMs, lastMs: nowMs });
    },
    missed(region) {
      looks.delete(region);
    },
    healthyMs(region, nowMs) {
      const look = looks.get(region);
      return look && nowMs - look.lastMs <= gapMs ? nowMs - look.sinceMs : 0;
    },
  };
}
