import type { FxRate } from '@meridian/domain';

/** Never changed: a second rate of the same pair and times is left out. */
export interface FxRates {
  all(): Promise<readonly FxRate[]>;
  add(rate: FxRate): Promise<void>;
}
