import { useEffect, useState } from 'react';
import { addressOf } from '../api/ask.ts';
import type { GpuHoursAnswer, UsageAnswer, WhatIfAnswer } from '../api/shapes.ts';
import { useAnswer } from '../api/use-answer.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf, type Column } from '../panel/table.ts';
import { beforeAfter, outcomeOf, type BeforeAfter } from '../views/what-if-outcome.ts';
import { baselineOf, UNTOUCHED, whatIfOf } from '../views/what-if.ts';
import { countText, moneyText, perHourText, unitsOf } from '../words/money.ts';
import type { Question } from './question.ts';
import { WhatIfKnobs } from './what-if-knobs.tsx';
import { Outcome } from './what-if-outcome.tsx';

/** A slider that moves asks once it rests. */
const REST_MS = 250;
const EVERY_MS = 600_000;

const BODY_PX = 290;

export function WhatIfPanel({ question, currency }: { question: Question; currency: string }) {
  const { window, filters } = question;
  const gpus = useAnswer<GpuHoursAnswer>(
    addressOf('/gpu-hours', { ...window, interval: 'none', groupBy: 'region,gpuType' }),
  );
  const all = useAnswer<UsageAnswer>(addressOf('/usage', { ...window, interval: 'none' }));
  const activeMs = (all.data?.rows ?? []).reduce((sum, row) => sum + row.activeMs, 0);
  const baseline = baselineOf(gpus.data?.rows ?? [], activeMs, currency);
  const [knobs, setKnobs] = useState(UNTOUCHED);
  const rested = useRested(knobs);
  const asked = baseline && whatIfOf(rested, baseline, window);
  const answer = useAnswer<WhatIfAnswer>(asked && addressOf('/what-if'), { body: asked, everyMs: EVERY_MS });
  const view = beforeAfter(
    outcomeOf(gpus.data?.rows ?? [], activeMs, currency),
    asked === undefined ? undefined : answer.data,
  );
  const waiting = {
    ...gpus,
    data: gpus.data && all.data,
    error: gpus.error ?? all.error,
    isChanging: gpus.isChanging || all.isChanging,
  };
  const isFiltered = Boolean(filters.tenant ?? filters.region ?? filters.model);
  return (
    <Panel
      name="what-if"
      title="What if?"
      lead="The usage of this window again, at other prices, another density, with spot GPUs, or elsewhere."
      answer={waiting}
      timeZone={filters.timeZone}
      table={baseline && tableOf(columnsOf(currency), [view])}
      emptyText="There is no usage in this window to replay."
      bodyPx={BODY_PX}
      note={
        asked && answer.error
          ? answer.error.message
          : isFiltered
            ? 'Of all usage: the filters do not narrow it.'
            : undefined
      }
    >
      {baseline && (
        <div className="what-if">
          <WhatIfKnobs knobs={knobs} baseline={baseline} onChange={setKnobs} />
          <Outcome
            view={view}
            band={all.data?.band}
            currency={currency}
            isAsking={asked !== undefined && answer.isChanging}
          />
        </div>
      )}
    </Panel>
  );
}

function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

function columnsOf(currency: string): readonly Column<BeforeAfter>[] {
  const money = (nano: string): string => moneyText(unitsOf(nano), currency);
  return [
    {
      head: 'Cost before',
      text: ({ before }) => money(before.costNano),
      value: ({ before }) => before.costNano,
      isNumber: true,
    },
    {
      head: 'Cost after',
      text: ({ after }) => money(after.costNano),
      value: ({ after }) => after.costNano,
      isNumber: true,
    },
    {
      head: 'A user-hour before',
      text: ({ before }) => perHourText(before.perUserHour, currency),
      value: ({ before }) => before.perUserHour,
      isNumber: true,
    },
    {
      head: 'A user-hour after',
      text: ({ after }) => perHourText(after.perUserHour, currency),
      value: ({ after }) => after.perUserHour,
      isNumber: true,
    },
    {
      head: 'GPU-hours before',
      text: ({ before }) => countText(before.gpuHours),
      value: ({ before }) => before.gpuHours,
      isNumber: true,
    },
    {
      head: 'GPU-hours after',
      text: ({ after }) => countText(after.gpuHours),
      value: ({ after }) => after.gpuHours,
      isNumber: true,
    },
  ];
}
