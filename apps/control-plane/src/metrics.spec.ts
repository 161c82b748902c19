import { expect, it } from '@jest/globals';
import { aSession, enqueue, reserve } from '@meridian/testkit';
import type { SessionCommand } from '@meridian/domain';
import { createControlPlaneMetrics, measureWait } from './metrics.ts';

const queued = (etaMs: number): SessionCommand =>
  ({ ...enqueue(0), etaMs, estimateMs: etaMs }) as SessionCommand;

it('publishes how right the told waits were, by model', async () => {
  const metrics = createControlPlaneMetrics();
  for (const [etaMs, waitedMs] of [
    [10_000, 12_000],
    [20_000, 10_000],
  ] as const) {
    measureWait(aSession({}, 0, queued(etaMs), reserve(waitedMs)).session, metrics);
  }
  const lines = (await metrics.exposition(undefined)).text
    .split('\n')
    .filter((line) => line.includes('model="gallery"'));
  const value = (name: string) =>
    Number(
      lines
        .find((line) => line.startsWith(`${name}{`) && !line.includes('le='))
        ?.split(' ')
        .at(-1),
    );
  expect(value('meridian_queue_eta_error_ms_count')).toBe(2);
  expect(value('meridian_queue_eta_error_ms_sum')).toBe(-2_000 + 10_000);
  expect(value('meridian_queue_eta_ratio_sum')).toBeCloseTo(1.2 + 0.5);
  expect(value('meridian_queue_wait_ms_sum')).toBe(22_000);
  const under = lines.find((line) => /eta_ratio_bucket\{.*le="1"/.test(line));
  expect(under?.endsWith(' 1')).toBe(true);
});
