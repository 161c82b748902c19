import { useState } from 'react';
import { addressOf } from '../api/ask.ts';
import type { Band, UsageAnswer } from '../api/shapes.ts';
import type { Answer } from '../api/use-answer.ts';
import { MOST_SERIES } from '../charts/colours.ts';
import type { ChangeFilters } from '../filters/use-filters.ts';
import type { Group } from '../filters/filters.ts';
import { Switch } from '../panel/bits.tsx';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import type { Series } from '../views/series.ts';
import { beyondTop, headlineOf, topOf, userHourSeries } from '../views/user-hour.ts';
import { moneyText, perHourText } from '../words/money.ts';
import { userHourSentence } from '../words/sentences.ts';
import { bucketText } from '../words/time.ts';
import { GROUP_LABELS, type Question } from './question.ts';
import { USER_HOUR_PX, UserHourChart } from './user-hour-chart.tsx';

interface UserHourProps {
  readonly question: Question;
  readonly whole: Answer<UsageAnswer>;
  readonly grouped: Answer<UsageAnswer>;
  readonly onChange: ChangeFilters;
}

export function UserHourPanel({ question, whole, grouped, onChange }: UserHourProps) {
  const [withIdle, setWithIdle] = useState(true);
  const { filters, interval, nameOf } = question;
  const { group, timeZone } = filters;
  const answer = group === 'all' ? whole : grouped;
  const band = whole.data?.band ?? BAND;
  const rows = whole.data?.rows ?? [];
  const view = userHourSeries(rows, answer.data?.rows ?? [], group, withIdle);
  const named = view.series.map((each) => ({
    ...each,
    label: each.key === 'all' ? each.label : nameOf(group, each.key),
  }));
  const columns = [
    {
      head: 'From',
      text: (i: number) => bucketText(view.startsMs[i] ?? 0, interval, timeZone),
      value: (i: number) => new Date(view.startsMs[i] ?? 0).toISOString(),
    },
    ...named.map(({ label, values }) => ({
      head: label,
      isNumber: true,
      text: (i: number) => perHourText(values[i], band.currency),
      value: (i: number) => values[i] ?? null,
    })),
  ];
  const shown = {
    data: whole.data && answer.data,
    atMs: answer.atMs,
    error: whole.error ?? answer.error,
    isChanging: whole.isChanging || answer.isChanging,
    again: () => (whole.again(), answer.again()),
  };
  return (
    <Panel
      name="user-hour"
      title="Cost of a user-hour"
      lead={userHourSentence(headlineOf(rows, band.currency), band)}
      answer={shown}
      timeZone={timeZone}
      table={tableOf(
        columns,
        view.startsMs.map((_ms, i) => i),
      )}
      csvAddress={addressOf('/usage', {
        ...question.usage,
        ...(group !== 'all' && { groupBy: group }),
        format: 'csv',
      })}
      emptyText="Nobody walked in this window. Choose a longer one, or take a filter away."
      bodyPx={USER_HOUR_PX + 84}
      note={noteOf(named, band)}
      controls={
        <>
          <Switch
            label="Told apart by"
            value={group}
            options={GROUPS}
            onChange={(next) => onChange({ group: next })}
          />
          <Switch
            label="What is counted"
            value={withIdle ? 'loaded' : 'sessions'}
            options={COUNTED}
            onChange={(next) => setWithIdle(next === 'loaded')}
          />
        </>
      }
    >
      <UserHourChart
        question={question}
        startsMs={view.startsMs}
        series={named.slice(0, MOST_SERIES + 1)}
        band={band}
        sentence={userHourSentence(headlineOf(rows, band.currency), band)}
      />
    </Panel>
  );
}

function noteOf(series: readonly Series[], band: Band): string | undefined {
  const shown = series.slice(0, MOST_SERIES + 1);
  const beyond = beyondTop(topOf(band, shown), shown).map(
    ({ label, most }) => `${label} (up to ${moneyText(most, band.currency)})`,
  );
  const notes = [
    beyond.length > 0 && `Beyond the axis: ${beyond.join(', ')}.`,
    series.length > shown.length &&
      `The ${MOST_SERIES} most used are drawn, the table has all ${series.length - 1}.`,
  ];
  return notes.filter(Boolean).join(' ') || undefined;
}

const BAND: Band = { low: 0.8, high: 1.6, currency: 'GBP' };
const GROUPS = (['all', 'region', 'model', 'gpuType', 'tenant'] as const).map(
  (group): readonly [Group, string] => [group, GROUP_LABELS[group]],
);
const COUNTED = [
  ['loaded', 'with idle'],
  ['sessions', 'sessions only'],
] as const;
