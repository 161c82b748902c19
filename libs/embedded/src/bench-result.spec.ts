import { describe, expect, it } from '@jest/globals';
import { holds, tableOf } from './bench-result.ts';

describe('a bench', () => {
  it('prints as a table, with spread and peer where there are some', () => {
    const text = tableOf({
      bench: 'relay',
      machine: '2 cores',
      figures: [
        {
          name: 'CPU per frame',
          value: 44.123,
          unit: 'µs',
          spread: [40, 49.5],
          peer: { name: 'nginx', value: 45 },
        },
        { name: 'frames', value: 100, unit: 'fps' },
      ],
      notShown: ['the network'],
    });
    expect(text.split('\n')).toEqual([
      'relay on 2 cores',
      '  CPU per frame  44.12 µs  40 to 49.5  nginx 45',
      '  frames         100 fps',
      '  not shown: the network',
      '',
    ]);
  });

  it('says which bars hold, and prints what else there is to read', () => {
    const text = tableOf({
      bench: 'density',
      machine: '2 cores',
      figures: [
        { name: 'sessions', value: 12, unit: 'sessions', bar: { min: 10 } },
        { name: 'late', value: 0.02, unit: 'share', bar: { max: 0.01 } },
        { name: 'sharpness', value: 1, unit: 'of the truth', bar: { min: 0.85, max: 1.1 } },
      ],
      notShown: [],
      text: 'a curve',
    });
    expect(text.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'density on 2 cores',
      ' sessions 12 sessions at least 10: holds',
      ' late 0.02 share at most 0.01: MISSED',
      ' sharpness 1 of the truth at least 0.85, at most 1.1: holds',
      'a curve',
      '',
    ]);
  });

  it.each([
    [{ min: 10 }, 10, true],
    [{ min: 10 }, 9.99, false],
    [{ max: 10 }, 10, true],
    [{ max: 10 }, 10.01, false],
    [{ min: 10 }, Number.NaN, false],
    [{ min: 0.85, max: 1.1 }, 1.2, false],
  ] as const)('holds %j with %f: %j', (bar, value, expected) =>
    expect(holds({ name: 'x', unit: '', value, bar })).toBe(expected),
  );
});
