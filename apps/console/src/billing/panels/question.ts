import type { Params } from '../api/ask.ts';
import type { Filters, Group, Span } from '../filters/filters.ts';
import { bucketText, type Interval } from '../words/time.ts';

/** What the whole page asks about. */
export interface Question {
  readonly filters: Filters;
  readonly span: Span;
  readonly interval: Interval;
  /** `from` and `to`. */
  readonly window: { readonly from: string; readonly to: string };
  /** Of /usage: window, buckets, zone and filters. */
  readonly usage: Params;
  /** A person's name for a member of a group. */
  readonly nameOf: (group: Group, key: string) => string;
}

export const GROUP_LABELS: Readonly<Record<Group, string>> = {
  all: 'all',
  region: 'region',
  model: 'model',
  gpuType: 'GPU',
  tenant: 'tenant',
};

export function questionOf(
  filters: Filters,
  span: Span,
  interval: Interval,
  names: ReadonlyMap<string, string>,
): Question {
  const { timeZone, tenant, region, model, idle } = filters;
  const window = { from: new Date(span.fromMs).toISOString(), to: new Date(span.toMs).toISOString() };
  return {
    ...{ filters, span, interval, window },
    usage: { ...window, interval, timeZone, tenant, region, model, idle },
    nameOf: (group, key) => (group === 'tenant' ? (names.get(key) ?? key) : key),
  };
}

/** `Mon 23 Nov, so far`: the bucket that a value is of. */
export function bucketName(
  { filters, span, interval }: Question,
  startsMs: readonly number[],
  index: number,
): string {
  const text = bucketText(startsMs[index] ?? span.fromMs, interval, filters.timeZone);
  return span.isRunning && index === startsMs.length - 1 ? `${text}, so far` : text;
}
