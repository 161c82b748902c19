import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HotHistogram } from './hot-histogram.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let metrics: Metrics;
let waits: HotHistogram;

beforeEach(() => {
  metrics = createMetrics({ service: 'test' });
  metrics.counter({ name: 'meridian_things_total', help: 'Things.' }).inc(3);
  waits = metrics.hotHistogram({ name: 'meridian_wait_seconds', help: 'Waits.', buckets: [0.1, 1] });
});

const linesOf = async (accept?: string) => (await metrics.exposition(accept)).text.split('\n');

describe('a hot histogram', () => {
  it('counts as any histogram does: buckets are cumulative, bounds included', async () => {
    const series = waits.series({ model: 'm' });
    for (const value of [0.1, 0.2, 1, 7]) series.observe(value);
    expect((await linesOf()).filter((line) => line.includes('wait_seconds'))).toEqual([
      '# HELP meridian_wait_seconds Waits.',
      '# TYPE meridian_wait_seconds histogram',
      'meridian_wait_seconds_bucket{le="0.1",service="test",model="m"} 1',
      'meridian_wait_seconds_bucket{le="1",service="test",model="m"} 3',
      'meridian_wait_seconds_bucket{le="+Inf",service="test",model="m"} 4',
      'meridian_wait_seconds_sum{service="test",model="m"} 8.3',
      'meridian_wait_seconds_count{service="test",model="m"} 4',
    ]);
  });

  it('has one series for the same labels', () => {
    expect(waits.series({ model: 'm' })).toBe(waits.series({ model: 'm' }));
    expect(waits.series({ model: 'n' })).not.toBe(waits.series({ model: 'm' }));
  });
});

describe('an exposition', () => {
  it('has exemplars for a scraper that takes OpenMetrics, and only then', async () => {
    waits.series().observe(0.05, TRACE);
    const bucket = (line: string) => line.startsWith('meridian_wait_seconds_bucket{le="0.1"');
    expect((await metrics.exposition(OPEN_METRICS)).type).toContain('application/openmetrics-text');
    expect((await linesOf(OPEN_METRICS)).find(bucket)).toMatch(
      new RegExp(` 1 # \\{trace_id="${TRACE}"\\} 0\\.05 \\d+(\\.\\d+)?$`),
    );
    expect((await metrics.exposition('text/plain')).type).toContain('text/plain');
    expect((await linesOf('text/plain')).find(bucket)).toMatch(/ 1$/);
  });

  it('names counters as each form wants it, whoever asked before', async () => {
    const counters = (lines: readonly string[]) => lines.filter((line) => line.includes('meridian_things'));
    for (let turn = 0; turn < 2; turn += 1) {
      expect(counters(await linesOf(OPEN_METRICS))).toEqual([
        '# HELP meridian_things Things.',
        '# TYPE meridian_things counter',
        'meridian_things_total{service="test"} 3',
      ]);
      expect(counters(await linesOf())).toEqual([
        '# HELP meridian_things_total Things.',
        '# TYPE meridian_things_total counter',
        'meridian_things_total{service="test"} 3',
      ]);
    }
    expect((await linesOf(OPEN_METRICS)).slice(-2)).toEqual(['# EOF', '']);
  });
});
