import { expect, it } from '@jest/globals';
import { Problem } from '../http/problem.ts';
import { monthOf, windowOf } from './window.ts';

const NOW = Date.parse('2026-11-02T10:20:00.000Z');
const iso = ({ fromMs, toMs }: ReturnType<typeof windowOf>) =>
  [fromMs, toMs].map((atMs) => new Date(atMs).toISOString());

it('is of whole hours, a day up to now unless told', () => {
  expect(iso(windowOf({}, NOW))).toEqual(['2026-11-01T11:00:00.000Z', '2026-11-02T11:00:00.000Z']);
  expect(iso(windowOf({ from: '2026-10-01T00:30:00.000Z', to: '2026-10-01T01:10:00.000Z' }, NOW))).toEqual([
    '2026-10-01T00:00:00.000Z',
    '2026-10-01T02:00:00.000Z',
  ]);
});

it.each([
  [{ from: '2026-11-03T00:00:00.000Z' }],
  [{ from: '2024-11-03T00:00:00.000Z' }],
  [{ from: '2026-06-03T00:00:00.000Z', interval: 'hour' }],
])('refuses %j, naming the field and the fix', (asked) => {
  expect(() => windowOf(asked, NOW)).toThrow(Problem);
  const error = (() => {
    try {
      windowOf(asked, NOW);
    } catch (thrown) {
      return (thrown as Problem).parts.errors;
    }
    return undefined;
  })();
  expect(error).toMatchObject([{ field: 'from', fix: expect.stringMatching(/.../) }]);
});

it('knows the month of an instant', () => {
  expect(iso(monthOf(NOW))).toEqual(['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
});
