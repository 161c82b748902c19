import { scaleLinear } from '@visx/scale';
import { Area, LinePath } from '@visx/shape';
import { Frame } from '../charts/frame.tsx';
import type { BurnDown } from '../views/burn-down.ts';
import { shortMoneyText } from '../words/money.ts';
import { burnSentence } from '../words/sentences.ts';
import type { TenantBudget } from './use-budgets.ts';

export interface Burning extends TenantBudget {
  readonly name: string;
  readonly burn: BurnDown;
}

/** A chart with what stands over it. */
export const BURN_PX = 184;
const CAPTION_PX = 62;

/** What is left of a budget, day by day; the thin line is an even pace, the dashed one the present pace. */

export function BurnChart({ name, budget, burn }: Burning) {
  const { currency } = budget;
  const isShort = burn.emptyAfterDays !== undefined || burn.spent >= burn.limit;
  return (
    <figure className={isShort ? 'burn short' : 'burn'}>
      <figcaption>
        <span>{name}</span>
        <strong>{shortMoneyText(Math.max(0, burn.limit - burn.spent), currency)} left</strong>
        <small>
          of {shortMoneyText(burn.limit, currency)}
          {isShort &&
            burn.emptyAfterDays !== undefined &&
            `, used up on day ${Math.ceil(burn.emptyAfterDays)}`}
        </small>
      </figcaption>
      <Frame sentence={burnSentence(name, burn, currency)} heightPx={BURN_PX - CAPTION_PX} margin={MARGIN}>
        {({ width, height }) => {
          const x = scaleLinear({ domain: [0, burn.days], range: [0, width] });
          const y = scaleLinear({ domain: [0, burn.limit], range: [height, 0], clamp: true });
          const today = burn.left.length - 1;
          const left = burn.left.at(-1) ?? 0;
          return (
            <>
              {budget.alertsAt.map((share) => (
                <line
                  key={share}
                  className="alert-line"
                  x2={width}
                  y1={y(burn.limit * (1 - share))}
                  y2={y(burn.limit * (1 - share))}
                />
              ))}
              <line className="even-pace" x1={x(0)} y1={y(burn.limit)} x2={x(burn.days)} y2={y(0)} />
              <Area
                className="burn-area"
                data={[...burn.left]}
                x={(_left, i) => x(i)}
                y0={height}
                y1={(each) => y(each)}
              />
              <LinePath
                className="burn-line"
                data={[...burn.left]}
                x={(_left, i) => x(i)}
                y={(each) => y(each)}
              />
              <line
                className="burn-forecast"
                x1={x(today)}
                y1={y(left)}
                x2={x(burn.emptyAfterDays ?? burn.days)}
                y2={y(Math.max(0, burn.leftAtEnd))}
              />
              <g className="axis">
                <text y={height + 17}>1</text>
                <text x={width} y={height + 17} textAnchor="end">
                  {burn.days}
                </text>
              </g>
              <circle className="burn-now" cx={x(today)} cy={y(left)} r={3.5} />
            </>
          );
        }}
      </Frame>
    </figure>
  );
}

const MARGIN = { top: 6, right: 6, bottom: 22, left: 0 };
