// What each chart shows, for whoever cannot see it and for whoever does not want to look twice.
import type { Band } from '../api/shapes.ts';
import type { BurnDown } from '../views/burn-down.ts';
import type { DensityPoint } from '../views/density.ts';
import { greatestIdle, idleShareOf, PART_LABELS, type IdleStack } from '../views/idle-stack.ts';
import type { MarginBar } from '../views/margins.ts';
import { placeInBand, type Headline } from '../views/user-hour.ts';
import { moneyText, percentText, shortMoneyText, unitsOf } from './money.ts';

const BAND_WORDS = {
  below: (band: string) => `below the field's ${band}`,
  within: (band: string) => `within the field's ${band}`,
  above: (band: string) => `above the field's ${band}`,
  unknown: () => '',
} as const;

export const bandText = ({ low, high, currency }: Band): string =>
  `${moneyText(low, currency)} to ${moneyText(high, currency)}`;

export function userHourSentence({ perUserHour, idleShare, currency }: Headline, band: Band): string {
  if (perUserHour === null) return 'Nobody walked in this window.';
  const place = BAND_WORDS[placeInBand(perUserHour, band)](bandText(band));
  return `A user-hour cost ${moneyText(perUserHour, currency)}, ${place}; ${percentText(idleShare)} of it stood idle.`;
}

export function idleSentence(stack: IdleStack): string {
  const cause = greatestIdle(stack);
  const bill = shortMoneyText(unitsOf(stack.billNano), stack.currency);
  if (cause === undefined) return `The GPUs cost ${bill}, all of it in sessions.`;
  const share = percentText(idleShareOf(stack));
  return `The GPUs cost ${bill}; ${share} stood idle, most of it as ${PART_LABELS[cause].toLowerCase()}.`;
}

export function densitySentence(points: readonly DensityPoint[], currency: string): string {
  const [best] = points.toSorted((a, b) => a.perUserHour - b.perUserHour);
  const worst = points.toSorted((a, b) => b.perUserHour - a.perUserHour)[0];
  if (best === undefined || worst === undefined) return 'No pool was used in this window.';
  const told = (point: DensityPoint): string =>
    `${moneyText(point.perUserHour, currency)} at ${point.density.toFixed(1)} sessions a GPU (${point.pool})`;
  return best === worst ? `A user-hour cost ${told(best)}.` : `From ${told(best)} to ${told(worst)}.`;
}

export function marginSentence(bars: readonly MarginBar[], currency: string): string {
  const margin = bars.reduce((sum, bar) => sum + bar.margin, 0);
  const losing = bars.filter((bar) => bar.tenant !== '' && bar.margin < 0);
  const price = bars.reduce((sum, bar) => sum + bar.price, 0);
  const whole = `${shortMoneyText(margin, currency)} is left of ${shortMoneyText(price, currency)}`;
  if (losing.length === 0) return `${whole}; no tenant costs more than it pays.`;
  const names = losing.map(({ label }) => label).join(', ');
  return `${whole}; ${names} ${losing.length === 1 ? 'costs' : 'cost'} more than ${losing.length === 1 ? 'it pays' : 'they pay'}.`;
}

export function burnSentence(name: string, burn: BurnDown, currency: string): string {
  const spent = `${name} spent ${percentText(burn.limit === 0 ? null : burn.spent / burn.limit)} of ${shortMoneyText(burn.limit, currency)}`;
  if (burn.spent >= burn.limit) return `${spent}: nothing is left.`;
  if (burn.emptyAfterDays === undefined) return `${spent}; it lasts the month.`;
  return `${spent}; at this pace it is used up on day ${Math.ceil(burn.emptyAfterDays)}.`;
}
