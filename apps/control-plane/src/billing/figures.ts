// Figures for reading, not for adding up: the integers beside them are the money.
const HOUR_MS = 3_600_000;
const NANO = 1_000_000_000n;

export const userHoursOf = (activeMs: number): number => activeMs / HOUR_MS;

/** Whole units of the currency for one user-hour; null before any use. */
export const perUserHourOf = (nano: bigint, activeMs: number): number | null =>
  activeMs > 0 ? (Number(nano) * HOUR_MS) / activeMs / 1e9 : null;

export const perFrameNanoOf = (nano: bigint, frames: number): number | null =>
  frames > 0 ? Number(nano) / frames : null;

/** Nano-units as a decimal of the currency, to the last digit: 1_200_000_000n is 1.2. */
export function decimalOf(nano: bigint): string {
  const [sign, size] = nano < 0n ? ['-', -nano] : ['', nano];
  const fraction = String(size % NANO)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${size / NANO}${fraction === '' ? '' : `.${fraction}`}`;
}
