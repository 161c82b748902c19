import { describe, expect, it } from '@jest/globals';
import { tableOf } from './bench-result.ts';

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
});
