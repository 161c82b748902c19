/** Integer nano-units as text in pounds, cut (never rounded up) to `decimals`. `costNano` is at least 0. */
export function poundsText(costNano: bigint, decimals: number): string {
  const digits = costNano.toString().padStart(10, '0');
  const whole = digits.slice(0, -9);
  return `£${whole}.${digits.slice(-9).slice(0, decimals)}`;
}

export function poundsPerHourText(pounds: number): string {
  return `£${pounds.toFixed(2)}`;
}

/** `12 s`, `3 min`, `3 min 20 s`: what a person would say. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  return rest === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

export function msText(ms: number | undefined): string {
  return ms === undefined ? '–' : `${Math.round(ms)} ms`;
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(position: number): string {
  const ending = { one: 'st', two: 'nd', few: 'rd' } as Partial<Record<Intl.LDMLPluralRule, string>>;
  return `${position}${ending[ORDINALS.select(position)] ?? 'th'}`;
}

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' });
