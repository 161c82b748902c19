import { useCost } from '../play/use-cost.ts';
import type { SessionView } from '../play/session-view.ts';
import { poundsPerHourText, poundsText } from '../words/format.ts';

/** Six decimals: at £1.20 an hour the last but one moves thirty times a second. */
export function CostMeter({ view }: { view: SessionView }) {
  const cost = poundsText(useCost(view), 6);
  return (
    <dl className="figures cost">
      <div className="figure">
        <dt>
          {view.usage ? `${poundsPerHourText(view.usage.poundsPerUserHour)} per user-hour` : 'cost so far'}
        </dt>
        <dd data-testid="cost">
          {cost.slice(0, -4)}
          <span className="fine">{cost.slice(-4)}</span>
        </dd>
      </div>
    </dl>
  );
}
