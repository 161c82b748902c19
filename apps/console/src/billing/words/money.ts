const NANO_PER_UNIT = 1e9;

/** Nano-units as whole units of the currency, for drawing and reading: never added up. */
export const unitsOf = (nano: string | bigint): number => Number(nano) / NANO_PER_UNIT;

export const sumNano = (amounts: readonly (string | undefined)[]): bigint =>
  amounts.reduce((sum, amount) => sum + BigInt(amount ?? 0), 0n);

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string, digits: number, compact: boolean): Intl.NumberFormat {
  const key = `${currency} ${digits} ${compact}`;
  const made =
    formats.get(key) ??
    new Intl.NumberFormat('en-GB', {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: compact ? 0 : digits,
      maximumFractionDigits: digits,
      ...(compact && { notation: 'compact' }),
    });
  formats.set(key, made);
  return made;
}

/** `£1.07`; a true minus sign. */
export const moneyText = (units: number, currency: string, digits = 2): string =>
  formatOf(currency, digits, false).format(units).replace('-', '−');

/** `£12.4K`: for axes and tiles. Small amounts keep their pence. */
export function shortMoneyText(units: number, currency: string): string {
  const size = Math.abs(units);
  if (size < 100) return moneyText(units, currency, size > 0 && size < 10 ? 2 : 0);
  return size < 1_000
    ? moneyText(units, currency, 0)
    : formatOf(currency, size < 100_000 ? 1 : 0, true)
        .format(units)
        .replace('-', '−');
}

/** `£1.07`, or a dash where there was no use to divide by. */
export const perHourText = (perUserHour: number | null | undefined, currency: string): string =>
  perUserHour === null || perUserHour === undefined ? '–' : moneyText(perUserHour, currency);

const PERCENT = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 1 });

export const percentText = (share: number | null | undefined): string =>
  share === null || share === undefined ? '–' : PERCENT.format(share).replace('-', '−');

const WHOLE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 });

export const countText = (count: number): string => (Math.abs(count) < 10 ? FINE : WHOLE).format(count);

/** `7 h 12 min`, `43 min`, `12 s`. */
export function longDurationText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes === 0) return `${Math.round(ms / 1_000)} s`;
  return minutes < 60 ? `${minutes} min` : `${WHOLE.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}
