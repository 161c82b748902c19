import type { Band, WhatIfOutcome } from '../api/shapes.ts';
import { BandGauge } from '../charts/band-gauge.tsx';
import type { BeforeAfter } from '../views/what-if-outcome.ts';
import { countText, moneyText, perHourText, percentText, shortMoneyText, unitsOf } from '../words/money.ts';

interface OutcomeProps {
  readonly view: BeforeAfter;
  readonly band: Band | undefined;
  readonly currency: string;
  readonly isAsking: boolean;
}

/** Before and after, side by side. */
export function Outcome({ view, band, currency, isAsking }: OutcomeProps) {
  const { before, after, difference, share } = view;
  return (
    <div
      className={isAsking ? 'outcome changing' : 'outcome'}
      aria-live="polite"
      data-testid="what-if-outcome"
    >
      <Side title="As it was" outcome={before} currency={currency} />
      <Side title="As it would be" outcome={after} currency={currency} isAfter />
      {band && <BandGauge band={band} value={after.perUserHour} other={before.perUserHour} isNumbered />}
      <p className={`difference ${difference > 0 ? 'more' : difference < 0 ? 'less' : 'none'}`}>
        {difference === 0
          ? 'Move a slider.'
          : `${moneyText(Math.abs(difference), currency, 0)} ${difference < 0 ? 'less' : 'more'}`}
        {difference !== 0 && <small>{percentText(share)} of the cost of this window</small>}
      </p>
    </div>
  );
}

function Side({
  title,
  outcome,
  currency,
  isAfter = false,
}: {
  title: string;
  outcome: WhatIfOutcome;
  currency: string;
  isAfter?: boolean;
}) {
  return (
    <dl className={isAfter ? 'side after' : 'side'}>
      <dt>{title}</dt>
      <dd className="side-price">{perHourText(outcome.perUserHour, currency)}</dd>
      <dd>a user-hour</dd>
      <dd>
        {shortMoneyText(unitsOf(outcome.costNano), currency)} for {countText(outcome.gpuHours)} GPU-hours
      </dd>
    </dl>
  );
}
