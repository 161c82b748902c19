import { useMemo } from 'react';
import type { UsageRow } from '../api/shapes.ts';
import { Pick, Switch } from '../panel/bits.tsx';
import { isoDay, type Interval } from '../words/time.ts';
import { type Filters, type Range, type Span } from './filters.ts';
import type { ChangeFilters } from './use-filters.ts';

interface FilterBarProps {
  readonly filters: Filters;
  readonly span: Span;
  readonly interval: Interval;
  /** Grouped by tenant, region and model, of the whole window. */
  readonly rows: readonly UsageRow[];
  readonly names: ReadonlyMap<string, string>;
  readonly onChange: ChangeFilters;
}

const RANGE_LABELS: readonly (readonly [Range, string])[] = [
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['90d', '90 d'],
  ['month', 'month'],
];

export function FilterBar({ filters, span, interval, rows, names, onChange }: FilterBarProps) {
  const { range, timeZone, tenant, region, model } = filters;
  const choices = useMemo(() => choicesOf(rows), [rows]);
  return (
    <form className="filter-bar" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <Switch
        label="Window"
        value={range ?? ''}
        options={RANGE_LABELS}
        onChange={(next) => onChange({ range: next || undefined, from: undefined, to: undefined })}
      />
      <Days {...{ filters, span, onChange }} />
      <Pick
        label="Length of a bucket"
        value={filters.interval ?? ''}
        options={[
          ['', `by ${interval} (auto)`],
          ['hour', 'by hour'],
          ['day', 'by day'],
          ['month', 'by month'],
        ]}
        onChange={(next) => onChange({ interval: next || undefined })}
      />
      <Pick
        label="Time zone"
        value={timeZone}
        options={zonesWith(timeZone)}
        onChange={(next) => onChange({ timeZone: next })}
      />
      <Pick
        label="Tenant"
        testId="filter-tenant"
        value={tenant ?? ''}
        options={optionsOf('all tenants', choices.tenants, tenant, (id) => names.get(id) ?? id)}
        onChange={(next) => onChange({ tenant: next || undefined })}
      />
      <Pick
        label="Region"
        testId="filter-region"
        value={region ?? ''}
        options={optionsOf('all regions', choices.regions, region)}
        onChange={(next) => onChange({ region: next || undefined })}
      />
      <Pick
        label="Model"
        testId="filter-model"
        value={model ?? ''}
        options={optionsOf('all models', choices.models, model)}
        onChange={(next) => onChange({ model: next || undefined })}
      />
    </form>
  );
}

interface DaysProps {
  readonly filters: Filters;
  readonly span: Span;
  readonly onChange: ChangeFilters;
}

function Days({ filters, span, onChange }: DaysProps) {
  const { timeZone } = filters;
  const from = isoDay(span.fromMs, timeZone);
  const to = isoDay(span.toMs - 1, timeZone);
  const set = (next: { from: string; to: string }): void => {
    if (next.from !== '' && next.from <= next.to) onChange({ ...next, range: undefined });
  };
  return (
    <div className="days" role="group" aria-label="Days">
      <input
        type="date"
        aria-label="First day"
        value={from}
        max={to}
        onChange={(event) => set({ from: event.target.value, to })}
      />
      <span aria-hidden="true">–</span>
      <input
        type="date"
        aria-label="Last day"
        value={to}
        min={from}
        onChange={(event) => set({ from, to: event.target.value })}
      />
    </div>
  );
}

const sorted = (values: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== undefined))].sort();

const choicesOf = (rows: readonly UsageRow[]) => ({
  tenants: sorted(rows.map(({ tenant }) => tenant)),
  regions: sorted(rows.map(({ region }) => region)),
  models: sorted(rows.map(({ model }) => model)),
});

/** What the address names is offered even where this window has none of it. */
const optionsOf = (
  all: string,
  values: readonly string[],
  chosen: string | undefined,
  textOf: (value: string) => string = (value) => value,
): readonly (readonly [string, string])[] => [
  ['', all],
  ...sorted([...values, chosen]).map((value) => [value, textOf(value)] as const),
];

const ZONES = [
  'UTC',
  'Europe/London',
  'Europe/Berlin',
  'America/New_York',
  'America/Los_Angeles',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Australia/Sydney',
];

function zonesWith(chosen: string): readonly (readonly [string, string])[] {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [...new Set([...ZONES, here, chosen])].map((zone) => [zone, zone.replaceAll('_', ' ')] as const);
}
