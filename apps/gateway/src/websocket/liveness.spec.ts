import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Liveness, STRIDE_BYTES_MAX } from './liveness.ts';

const EVERY_MS = 2_000;

describe('Liveness', () => {
  let pings: number;
  let isGone: boolean;
  let liveness: Liveness;

  beforeEach(() => {
    jest.useFakeTimers();
    pings = 0;
    isGone = false;
    liveness = new Liveness({ everyMs: EVERY_MS, ping: () => (pings += 1), onGone: () => (isGone = true) });
  });
  afterEach(() => {
    liveness.stop();
    jest.useRealTimers();
  });

  const wait = (ms: number) => jest.advanceTimersByTime(ms);

  it('notices within two intervals that a client has vanished, whatever our kernel takes', () => {
    liveness.heard();
    for (let sent = 0; sent < 40; sent += 1) {
      liveness.sent(20_000);
      wait(EVERY_MS / 20);
    }
    expect(isGone).toBe(true);
  });

  it('keeps a client that answers, or of which anything else is heard', () => {
    for (let tick = 0; tick < 5; tick += 1) {
      wait(EVERY_MS);
      liveness.answered();
    }
    expect(pings).toBe(5);
    for (let tick = 0; tick < 5; tick += 1) {
      wait(EVERY_MS);
      liveness.heard();
    }
    expect(isGone).toBe(false);
    wait(2 * EVERY_MS);
    expect(isGone).toBe(true);
  });

  it('lets no more under way than one stride before a ping and one behind it', () => {
    liveness.sent(STRIDE_BYTES_MAX);
    expect([pings, liveness.hasRoom]).toEqual([1, true]);
    liveness.sent(STRIDE_BYTES_MAX);
    expect([pings, liveness.hasRoom]).toEqual([1, false]);
    liveness.answered();
    expect(liveness.hasRoom).toBe(true);
  });

  it('takes shorter strides with a client that reads slowly, so that it is heard in time', () => {
    for (let turn = 0; turn < 10; turn += 1) {
      // 40 kB/s.
      while (liveness.hasRoom) liveness.sent(20_000);
      for (let waited = 0; waited < 1_600; waited += 100) wait(100);
      liveness.answered();
    }
    expect(isGone).toBe(false);
    const before = pings;
    liveness.sent(32 * 1024);
    expect(pings).toBe(before + 1);
  });
});
