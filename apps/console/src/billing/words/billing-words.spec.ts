import { describe, expect, it } from '@jest/globals';
import { stepped } from '../charts/use-cursor.ts';
import { idleStackOf } from '../views/idle-stack.ts';
import { longDurationText, moneyText, percentText, perHourText, shortMoneyText, sumNano } from './money.ts';
import { burnSentence, idleSentence, marginSentence, userHourSentence } from './sentences.ts';
import { bucketText, dayStartMs, isoDay, nextDay, tickText } from './time.ts';

const BAND = { low: 0.8, high: 1.6, currency: 'GBP' };
const MIDNIGHT_MS = Date.parse('2026-11-23T00:00:00Z');

describe('money in words', () => {
  it('has a true minus, pence where they count, and no thousand pounds in pence', () => {
    expect(moneyText(-1.005, 'GBP')).toMatch(/^−£1\.0[01]$/);
    expect(
      [0, 8.5, 42.4, 420.4, 1_000, 12_340, 1_234_000].map((units) => shortMoneyText(units, 'GBP')),
    ).toEqual(
      ['£0', '£8.50', '£42', '£420', '£1k', '£12.3k', '£1m'].map((text) =>
        expect.stringMatching(new RegExp(`^${text}$`, 'i')),
      ),
    );
    expect([perHourText(null, 'GBP'), perHourText(1, 'USD'), percentText(-0.125)]).toEqual([
      '–',
      '$1.00',
      '−12.5%',
    ]);
  });

  it('adds nano-units up without losing one', () => {
    expect(sumNano(['9007199254740993', undefined, '1'])).toBe(9_007_199_254_740_994n);
  });

  it('says how long', () => {
    expect([12_000, 59 * 60_000, 8 * 3_600_000 + 60_000].map(longDurationText)).toEqual([
      '12 s',
      '59 min',
      '8 h 1 min',
    ]);
  });
});

describe('time in words', () => {
  it('is of the zone that was chosen', () => {
    expect(tickText(MIDNIGHT_MS, 'hour', 'UTC')).toBe('23 Nov');
    expect(tickText(MIDNIGHT_MS, 'hour', 'America/New_York')).toBe('19:00');
    expect(bucketText(MIDNIGHT_MS, 'day', 'America/New_York')).toMatch(/^Sun,? 22 Nov$/);
    expect(isoDay(MIDNIGHT_MS, 'America/New_York')).toBe('2026-11-22');
  });

  it('knows when a day begins, also on the days on which the clocks change', () => {
    const starts = (day: string, zone: string): string => new Date(dayStartMs(day, zone)).toISOString();
    expect(starts('2026-03-29', 'Europe/London')).toBe('2026-03-29T00:00:00.000Z');
    expect(starts('2026-03-30', 'Europe/London')).toBe('2026-03-29T23:00:00.000Z');
    expect(starts('2026-11-01', 'America/New_York')).toBe('2026-11-01T04:00:00.000Z');
    expect(starts('2026-11-02', 'America/New_York')).toBe('2026-11-02T05:00:00.000Z');
    expect(nextDay('2026-12-31')).toBe('2027-01-01');
  });
});

describe('sentences', () => {
  it('say where the price stands, and what stood idle', () => {
    const head = { currency: 'GBP', userHours: 1, costNano: 0n, idleNano: 0n, perUserHourOfSessions: 1 };
    expect(userHourSentence({ ...head, perUserHour: 1.2, idleShare: 0.41 }, BAND)).toBe(
      "A user-hour cost £1.20, within the field's £0.80 to £1.60; 41% of it stood idle.",
    );
    expect(userHourSentence({ ...head, perUserHour: null, idleShare: null }, BAND)).toMatch(/Nobody/);
  });

  it('name the greatest cause of idle time', () => {
    const row = {
      ...{ from: '2026-11-01T00:00:00Z', to: '', upMs: 1, currency: 'GBP', billNano: '100000000000' },
      ...{ sessionNano: '60000000000', idle: { booting: { ms: 1, nano: '40000000000' } } },
    };
    expect(idleSentence(idleStackOf([row], 'GBP'))).toBe(
      'The GPUs cost £100; 40% stood idle, most of it as booting.',
    );
  });

  it('name who costs more than it pays', () => {
    const bar = (label: string, margin: number) => ({
      ...{ tenant: label, label, price: 10, cost: 0, idle: 0, margin, share: null },
    });
    expect(marginSentence([bar('A', 5), bar('B', -1)], 'GBP')).toBe(
      '£4.00 is left of £20; B costs more than it pays.',
    );
    expect(marginSentence([bar('A', 5)], 'GBP')).toMatch(/no tenant costs more/);
  });

  it('say when a budget is used up', () => {
    const burn = { limit: 100, spent: 50, left: [100, 50], days: 30, emptyAfterDays: 14.2, leftAtEnd: -10 };
    expect(burnSentence('Acme', burn, 'GBP')).toBe(
      'Acme spent 50% of £100; at this pace it is used up on day 15.',
    );
    expect(burnSentence('Acme', { ...burn, spent: 100 }, 'GBP')).toMatch(/nothing is left/);
  });
});

describe('the cursor', () => {
  it('goes by arrow keys, stays within, and leaves other keys alone', () => {
    expect(stepped('ArrowRight', undefined, 3)).toBe(0);
    expect(stepped('ArrowLeft', undefined, 3)).toBe(2);
    expect([stepped('ArrowRight', 2, 3), stepped('ArrowLeft', 0, 3), stepped('End', 0, 3)]).toEqual([
      2, 0, 2,
    ]);
    expect([stepped('Tab', 1, 3), stepped('End', 0, 0)]).toEqual([undefined, undefined]);
  });
});
