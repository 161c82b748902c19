import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketsOf, type UsageInterval } from './buckets.ts';

const iso = (fromMs: number, toMs: number, interval: UsageInterval, timeZone: string) =>
  bucketsOf({ fromMs, toMs }, interval, timeZone).map((bucket) => new Date(bucket.fromMs).toISOString());
const day = (text: string) => Date.parse(`${text}T00:00:00Z`);

describe('buckets', () => {
  it('are the window itself, whole hours, days or months', () => {
    expect(bucketsOf({ fromMs: 5, toMs: 9 }, 'none', 'UTC')).toEqual([{ fromMs: 5, toMs: 9 }]);
    expect(iso(day('2026-11-02') + 1, day('2026-11-02') + 3_600_001, 'hour', 'Asia/Kolkata')).toEqual([
      '2026-11-02T00:00:00.000Z',
      '2026-11-02T01:00:00.000Z',
    ]);
    expect(iso(day('2026-11-02'), day('2026-11-04'), 'day', 'UTC')).toEqual([
      '2026-11-02T00:00:00.000Z',
      '2026-11-03T00:00:00.000Z',
    ]);
    expect(iso(day('2026-12-31'), day('2027-02-01'), 'month', 'Asia/Tokyo')).toEqual([
      '2026-11-30T15:00:00.000Z',
      '2026-12-31T15:00:00.000Z',
      '2027-01-31T15:00:00.000Z',
    ]);
  });

  it('know days of 23 and of 25 hours', () => {
    const hours = (from: string) => {
      const [only] = bucketsOf({ fromMs: day(from), toMs: day(from) + 1 }, 'day', 'Europe/London');
      return ((only?.toMs ?? 0) - (only?.fromMs ?? 0)) / 3_600_000;
    };
    expect([hours('2026-03-29'), hours('2026-06-01'), hours('2026-10-25')]).toEqual([23, 24, 25]);
  });

  it('know days whose midnight is skipped, or comes twice', () => {
    // Cairo skips from 00:00 to 01:00 on 24 April 2026; Havana goes from 01:00 back to 00:00 on 1 November 2026.
    expect(iso(Date.UTC(2026, 3, 24, 12), Date.UTC(2026, 3, 24, 13), 'day', 'Africa/Cairo')).toEqual([
      '2026-04-23T22:00:00.000Z',
    ]);
    expect(iso(Date.UTC(2026, 10, 1, 12), Date.UTC(2026, 10, 1, 13), 'day', 'America/Havana')).toEqual([
      '2026-11-01T04:00:00.000Z',
    ]);
  });

  it('refuse a time zone that nobody knows', () => {
    expect(() => bucketsOf({ fromMs: 0, toMs: 1 }, 'day', 'Mars/Olympus')).toThrow(RangeError);
  });

  it('cover every window without gaps, whatever the zone', () => {
    const zone = fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Apia', 'Africa/Cairo');
    const interval = fc.constantFrom<UsageInterval>('hour', 'day', 'month', 'none');
    const start = fc.integer({ min: day('2010-01-01'), max: day('2035-01-01') });
    fc.assert(
      fc.property(
        start,
        fc.integer({ min: 1, max: 90 * 86_400_000 }),
        interval,
        zone,
        (fromMs, ms, by, timeZone) => {
          const buckets = bucketsOf({ fromMs, toMs: fromMs + ms }, by, timeZone);
          expect(buckets[0]?.fromMs).toBeLessThanOrEqual(fromMs);
          expect(buckets.at(-1)?.toMs).toBeGreaterThanOrEqual(fromMs + ms);
          buckets.forEach((bucket, i) => {
            expect(bucket.toMs).toBeGreaterThan(bucket.fromMs);
            if (i > 0) expect(bucket.fromMs).toBe(buckets[i - 1]?.toMs);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
