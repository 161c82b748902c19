// M2. Rounded once, per invoice line, to the currency's minor unit: the total to the nearest, and the lines by largest
// remainder, so that they add up to it.

const NANO_DIGITS = 9;
/** ISO 4217 currencies whose minor unit is not a hundredth. */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...[
    'BIF',
    'CLP',
    'DJF',
    'GNF',
    'ISK',
    'JPY',
    'KMF',
    'KRW',
    'PYG',
    'RWF',
    'UGX',
    'VND',
    'VUV',
    'XAF',
    'XOF',
    'XPF',
  ].map((currency) => [currency, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((currency) => [currency, 3] as const),
]);

/** Nano of the smallest coin: 10,000,000 of GBP, 1,000,000,000 of JPY. */
export const minorUnitNano = (currency: string): bigint =>
  10n ** BigInt(NANO_DIGITS - (DIGITS.get(currency) ?? 2));

/** Amounts of either sign as whole units, each within one unit of what it was; ties go to the earlier. */
export function roundLines(amounts: readonly bigint[], unitNano: bigint): readonly bigint[] {
  const parts = amounts.map((nano, i) => ({ i, units: floorDiv(nano, unitNano) }));
  const rests = parts.map(({ i, units }) => ({ i, rest: (amounts[i] ?? 0n) - units * unitNano }));
  const restNano = rests.reduce((sum, { rest }) => sum + rest, 0n);
  const left = Number((restNano + unitNano / 2n) / unitNano);
  const byRest = rests.toSorted((a, b) => (a.rest === b.rest ? a.i - b.i : a.rest > b.rest ? -1 : 1));
  const lucky = new Set(byRest.slice(0, left).map(({ i }) => i));
  return parts.map(({ i, units }) => (units + (lucky.has(i) ? 1n : 0n)) * unitNano);
}

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -((-a + b - 1n) / b));
