import { useEffect, useState } from 'react';
import { addressOf } from './api/ask.ts';
import type { ConservationAnswer, LiveAnswer, MarginsAnswer, UsageAnswer, UsageRow } from './api/shapes.ts';
import { useAnswer } from './api/use-answer.ts';
import { FilterBar } from './filters/filter-bar.tsx';
import { intervalOf, spanOf, type Filters } from './filters/filters.ts';
import { useFilters } from './filters/use-filters.ts';
import { BreachBanner } from './panels/breach-banner.tsx';
import { BudgetPanel } from './panels/budget-panel.tsx';
import { DensityPanel } from './panels/density-panel.tsx';
import { HeadlinePart } from './panels/headline.tsx';
import { IdlePanel } from './panels/idle-panel.tsx';
import { LivePanel } from './panels/live-panel.tsx';
import { MarginPanel } from './panels/margin-panel.tsx';
import { questionOf } from './panels/question.ts';
import { RecordPanel } from './panels/record-panel.tsx';
import { TopSessionsPanel } from './panels/top-sessions-panel.tsx';
import { UserHourPanel } from './panels/user-hour-panel.tsx';
import { WhatIfPanel } from './panels/what-if-panel.tsx';

const LIVE_MS = 5_000;
const HOUR_MS = 3_600_000;
const CHECKED_MS = 90 * 24 * HOUR_MS;
/** Tenants whose budgets are asked for, those that use most. */
const MOST_TENANTS = 24;

export function Dashboard({ onLeave }: { onLeave: () => void }) {
  const [filters, change] = useFilters();
  const span = useSpan(filters);
  const interval = intervalOf(filters, span);
  const window = { from: new Date(span.fromMs).toISOString(), to: new Date(span.toMs).toISOString() };

  const margins = useAnswer<MarginsAnswer>(addressOf('/margins', { ...window, idle: filters.idle }));
  const choices = useAnswer<UsageAnswer>(
    addressOf('/usage', { ...window, interval: 'none', groupBy: 'tenant,region,model' }),
  );
  const live = useAnswer<LiveAnswer>(addressOf('/live'), { everyMs: LIVE_MS });
  const conservation = useAnswer<ConservationAnswer>(
    addressOf('/conservation', { from: new Date(span.toMs - CHECKED_MS).toISOString(), to: window.to }),
  );
  const names = new Map(margins.data?.rows.map(({ tenant = '', name = tenant }) => [tenant, name]));
  const question = questionOf(filters, span, interval, names);
  const whole = useAnswer<UsageAnswer>(addressOf('/usage', question.usage));
  const { group, timeZone } = filters;
  const grouped = useAnswer<UsageAnswer>(
    group === 'all' ? undefined : addressOf('/usage', { ...question.usage, groupBy: group }),
  );
  const currency = whole.data?.band.currency ?? live.data?.currency ?? 'GBP';
  const tenants = choices.data && busiestTenants(choices.data.rows).slice(0, MOST_TENANTS);

  return (
    <div className="billing">
      <header className="billing-head">
        <p className="wordmark">
          <a href="/">Meridian</a>
        </p>
        <h1>Billing</h1>
        <span className="spacer" />
        <button type="button" className="quiet" onClick={onLeave}>
          Forget the key
        </button>
      </header>
      <BreachBanner data={conservation.data} timeZone={timeZone} />
      <FilterBar {...{ filters, span, interval, names }} rows={choices.data?.rows ?? []} onChange={change} />
      <main className="panels">
        <HeadlinePart {...{ question, whole, live, conservation, currency }} />
        <UserHourPanel {...{ question, whole, grouped }} onChange={change} />
        <IdlePanel question={question} currency={currency} />
        <LivePanel live={live} timeZone={timeZone} />
        <DensityPanel question={question} currency={currency} />
        <MarginPanel {...{ question, currency }} answer={margins} onChange={change} />
        <BudgetPanel question={question} tenants={tenants} />
        <TopSessionsPanel question={question} />
        <WhatIfPanel question={question} currency={currency} />
        <RecordPanel conservation={conservation} timeZone={timeZone} />
      </main>
    </div>
  );
}

function busiestTenants(rows: readonly UsageRow[]): readonly string[] {
  const activeMs = new Map<string, number>();
  for (const { tenant, activeMs: ms } of rows) {
    if (tenant !== undefined) activeMs.set(tenant, (activeMs.get(tenant) ?? 0) + ms);
  }
  return [...activeMs].toSorted((a, b) => b[1] - a[1]).map(([tenant]) => tenant);
}

/** The window of the filters; one that ends now moves on with the hour. */
function useSpan(filters: Filters) {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const untilNextHourMs = HOUR_MS - (nowMs % HOUR_MS) + 1_000;
    const timer = setTimeout(() => setNowMs(Date.now()), untilNextHourMs);
    return () => clearTimeout(timer);
  }, [nowMs]);
  return spanOf(filters, nowMs);
}
