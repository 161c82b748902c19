import { useEffect } from 'react';
import type { ConservationAnswer } from '../api/shapes.ts';
import { openBreaches } from '../views/conservation.ts';
import { moneyText } from '../words/money.ts';
import { momentText } from '../words/time.ts';

const SHOWN = 3;

/** M3 does not hold somewhere: said across the whole page and in its title, until it is mended. */
export function BreachBanner({ data, timeZone }: { data: ConservationAnswer | undefined; timeZone: string }) {
  const open = data === undefined ? [] : openBreaches(data);
  const count = open.length;
  useEffect(() => {
    document.title = count > 0 ? '⚠ Breach · Billing · Meridian' : 'Billing · Meridian';
  }, [count]);
  if (count === 0) return null;
  return (
    <div className="breach" role="alert" data-testid="breach">
      <span className="breach-mark" aria-hidden="true">
        !
      </span>
      <div>
        <h2>The bill does not add up</h2>
        <p>
          Sessions and idle time differ from the GPUs’ bill. Figures of these hours are not to be relied on.
        </p>
        <ul>
          {open.slice(0, SHOWN).map(({ worker, incarnation, hour, differenceNano }) => (
            <li key={`${worker} ${incarnation} ${hour}`}>
              <strong>{worker}</strong>, {momentText(Date.parse(hour), timeZone)}: off by{' '}
              {differenceText(differenceNano)}
            </li>
          ))}
          {count > SHOWN && <li>and {count - SHOWN} more</li>}
        </ul>
      </div>
    </div>
  );
}

/** Small differences are said in nano-units: rounded to pence they would look like none. */
function differenceText(nano: string): string {
  const units = Number(nano) / 1e9;
  return Math.abs(units) < 0.01 ? `${nano.replace('-', '−')} nano-units` : moneyText(units, 'GBP');
}
