import { describe, expect, it } from '@jest/globals';
import { filtersOf, intervalOf, searchOf, spanOf } from './filters.ts';

const NOW_MS = Date.parse('2026-11-23T06:20:00Z');
const HOUR_MS = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const spanOfSearch = (search: string) => {
  const { fromMs, toMs, isRunning } = spanOf(filtersOf(search), NOW_MS);
  return { from: iso(fromMs), to: iso(toMs), isRunning };
};

describe('filters of an address', () => {
  it('are kept by it: what is usual says nothing', () => {
    expect(searchOf(filtersOf(''))).toBe('');
    const search =
      '?range=7d&interval=hour&tenant=ten_a&region=us-east&model=dream&timeZone=Europe%2FLondon&groupBy=tenant&idle=own';
    expect(filtersOf(searchOf(filtersOf(search)))).toEqual(filtersOf(search));
    expect(searchOf(filtersOf('?from=2026-11-01&to=2026-11-02'))).toBe('?from=2026-11-01&to=2026-11-02');
  });

  it('are as usual where the address is wrong', () => {
    const wrong =
      '?range=1y&interval=week&timeZone=Mars%2FOlympus&groupBy=cat&from=2026-13-01&to=yesterday&idle=x';
    expect(filtersOf(wrong)).toEqual(filtersOf(''));
    expect(filtersOf('?from=2026-11-09&to=2026-11-08').from).toBeUndefined();
  });
});

describe('the window of the filters', () => {
  it('is whole days of the zone up to the hour that runs', () => {
    expect(spanOfSearch('')).toEqual({
      from: '2026-10-25T00:00:00.000Z',
      to: '2026-11-23T07:00:00.000Z',
      isRunning: true,
    });
    expect(spanOfSearch('?range=7d&timeZone=America%2FNew_York').from).toBe('2026-11-17T05:00:00.000Z');
    expect(spanOfSearch('?range=24h').from).toBe('2026-11-22T07:00:00.000Z');
    expect(spanOfSearch('?range=month&timeZone=Asia%2FTokyo').from).toBe('2026-10-31T15:00:00.000Z');
  });

  it('is the days that were given, both included, and over where they are past', () => {
    const past = spanOfSearch('?from=2026-10-24&to=2026-10-25&timeZone=Europe%2FLondon');
    // The clocks went back on the second day: it has 25 hours.
    expect(past).toEqual({
      from: '2026-10-23T23:00:00.000Z',
      to: '2026-10-26T00:00:00.000Z',
      isRunning: false,
    });
    const running = spanOfSearch('?from=2026-11-22&to=2026-11-30');
    expect(running).toEqual({
      from: '2026-11-22T00:00:00.000Z',
      to: '2026-11-23T07:00:00.000Z',
      isRunning: true,
    });
  });

  it('is cut as fits its length, and never into more than can be seen', () => {
    const of = (hours: number, search = '') =>
      intervalOf(filtersOf(search), { fromMs: 0, toMs: hours * HOUR_MS, isRunning: true });
    expect([of(24), of(24 * 30), of(24 * 365)]).toEqual(['hour', 'day', 'month']);
    expect(of(24 * 30, '?interval=hour')).toBe('hour');
    expect(of(24 * 90, '?interval=hour')).toBe('day');
  });
});
