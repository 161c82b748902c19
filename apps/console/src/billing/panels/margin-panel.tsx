import { scaleLinear } from '@visx/scale';
import { addressOf } from '../api/ask.ts';
import type { MarginRow, MarginsAnswer } from '../api/shapes.ts';
import type { Answer } from '../api/use-answer.ts';
import type { IdleRule } from '../filters/filters.ts';
import type { ChangeFilters } from '../filters/use-filters.ts';
import { Pick } from '../panel/bits.tsx';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { greatestBar, marginBars, type MarginBar } from '../views/margins.ts';
import { inCurrency } from '../views/user-hour.ts';
import { countText, moneyText, percentText, shortMoneyText, unitsOf } from '../words/money.ts';
import { marginSentence } from '../words/sentences.ts';
import type { Question } from './question.ts';

/** More tenants than this are in the table only. */
const MOST_BARS = 8;

const IDLE_WORDS: readonly (readonly [IdleRule, string])[] = [
  ['by_usage', 'idle by usage'],
  ['by_cost', 'idle by cost'],
  ['equal', 'idle in equal parts'],
  ['own', 'idle is our own'],
];

interface MarginProps {
  readonly question: Question;
  readonly answer: Answer<MarginsAnswer>;
  readonly currency: string;
  readonly onChange: ChangeFilters;
}

export function MarginPanel({ question, answer, currency, onChange }: MarginProps) {
  const { window, filters } = question;
  const rows = inCurrency(answer.data?.rows ?? [], currency);
  const bars = marginBars(rows, currency);
  const money = (head: string, nano: (row: MarginRow) => string) => ({
    head,
    text: (row: MarginRow) => moneyText(unitsOf(nano(row)), currency),
    value: nano,
    isNumber: true,
  });
  const table = tableOf<MarginRow>(
    [
      {
        head: 'Tenant',
        text: (row) => row.name ?? row.tenant ?? 'Borne by ourselves',
        value: (row) => row.tenant ?? '',
      },
      {
        head: 'User-hours',
        text: (row) => countText(row.userHours),
        value: (row) => row.userHours,
        isNumber: true,
      },
      money('Price', (row) => row.priceNano),
      money('Sessions', (row) => row.costNano),
      money('Idle', (row) => row.idleNano),
      money('Margin', (row) => row.marginNano),
      {
        head: 'Of the price',
        text: (row) => percentText(row.marginShare),
        value: (row) => row.marginShare,
        isNumber: true,
      },
    ],
    rows,
  );
  return (
    <Panel
      name="margins"
      title="Margin by tenant"
      lead={marginSentence(bars, currency)}
      {...{ answer, table }}
      timeZone={filters.timeZone}
      csvAddress={addressOf('/margins', { ...window, idle: filters.idle, format: 'csv' })}
      emptyText="No tenant used anything in this window."
      bodyPx={330}
      note={
        bars.length > MOST_BARS
          ? `The ${MOST_BARS} that pay most; all ${bars.length} are in the table.`
          : undefined
      }
      controls={
        <Pick
          label="Idle"
          value={filters.idle}
          options={IDLE_WORDS}
          onChange={(idle) => onChange({ idle })}
        />
      }
    >
      <MarginBars
        bars={bars.slice(0, MOST_BARS)}
        currency={currency}
        sentence={marginSentence(bars, currency)}
      />
    </Panel>
  );
}

function MarginBars({
  bars,
  currency,
  sentence,
}: {
  bars: readonly MarginBar[];
  currency: string;
  sentence: string;
}) {
  const scale = scaleLinear({ domain: [0, greatestBar(bars) || 1], range: [0, 100] });
  return (
    <div className="margin-bars" role="img" aria-label={sentence}>
      {bars.map(({ tenant, label, price, cost, idle, margin, share }) => (
        <div key={tenant} className="margin-row">
          <span className="margin-label">{label}</span>
          <span className={margin < 0 ? 'margin-value loss' : 'margin-value'}>
            {shortMoneyText(margin, currency)} <small>{percentText(share)}</small>
          </span>
          <span className="margin-track">
            <span className="margin-cost" style={{ width: `${scale(cost)}%` }} />
            <span className="margin-idle" style={{ left: `${scale(cost)}%`, width: `${scale(idle)}%` }} />
            {price > 0 && <span className="margin-price" style={{ left: `${scale(price)}%` }} />}
          </span>
        </div>
      ))}
      <p className="margin-key">
        <span className="key-swatch" style={{ '--swatch': 'var(--accent)' }} /> sessions
        <span className="key-swatch striped" style={{ '--swatch': '#76818c' }} /> idle
        <span className="key-swatch price" /> what the tenant pays
      </p>
    </div>
  );
}
