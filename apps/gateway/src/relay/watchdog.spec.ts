import { describe, expect, it } from '@jest/globals';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { Watchdog } from './watchdog.ts';

const quietOnce = (limits: { firstMs: number; stallMs: number }) => {
  const startedMs = performance.now();
  return new Promise<number>((resolve) => new Watchdog(limits, () => resolve(performance.now() - startedMs)));
};

describe('Watchdog', () => {
  it('barks after the first limit, when nothing was ever heard', async () => {
    expect(await quietOnce({ firstMs: 80, stallMs: 40 })).toBeGreaterThan(75);
  });

  it('does not blame the worker for a time in which the gateway itself stood still', async () => {
    let isQuiet = false;
    const watchdog = new Watchdog({ firstMs: 100, stallMs: 100 }, () => (isQuiet = true));
    const awakeAtMs = performance.now() + 300;
    while (performance.now() < awakeAtMs);
    // What the worker sent meanwhile is read in the turn that follows.
    await setImmediate();
    watchdog.heard();
    await delay(30);
    watchdog.stop();
    expect(isQuiet).toBe(false);
  });
});
