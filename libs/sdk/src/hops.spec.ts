import { describe, expect, it } from '@jest/globals';
import { HOP_NAMES, splitHops, typicalHops, type Hops } from './hops.ts';

/** Worker and gateway clocks that are minutes and days off the client's and each other's. */
const WORKER_US = 9e14;
const GATEWAY_US = 17e14;
const STAMPS = {
  actionGatewayUs: GATEWAY_US,
  actionReceivedUs: WORKER_US,
  stepStartedUs: WORKER_US + 4_000,
  stepEndedUs: WORKER_US + 9_000,
  encodedUs: WORKER_US + 10_000,
};
const SENT_US = GATEWAY_US + 12_000;

const sum = (hops: Hops): number => HOP_NAMES.reduce((total, name) => total + hops[name], 0);

describe('splitHops', () => {
  it('says where the time went without comparing clocks', () => {
    const hops = { totalMs: 40, networkMs: 28, gatewayMs: 2, waitMs: 4, stepMs: 5, encodeMs: 1 };
    expect(splitHops(STAMPS, SENT_US, 40)).toEqual(hops);
  });

  it('knows of no gateway that sets no stamps', () => {
    const hops = { totalMs: 40, networkMs: 30, gatewayMs: 0, waitMs: 4, stepMs: 5, encodeMs: 1 };
    expect(splitHops({ ...STAMPS, actionGatewayUs: 0 }, SENT_US, 40)).toEqual(hops);
    expect(splitHops(STAMPS, 0, 40)).toEqual(hops);
  });

  it.each<[string, Partial<typeof STAMPS>, number]>([
    ['the gateway’s clock is set back a minute', {}, SENT_US - 60e6],
    ['the gateway’s clock is set forward a minute', {}, SENT_US + 60e6],
    ['the worker’s clock is set back in its step', { stepEndedUs: WORKER_US - 60e6 }, SENT_US],
    ['the worker’s clock is set forward in its step', { encodedUs: WORKER_US + 60e6 }, SENT_US],
    ['the worker’s clock was set back in the wait', { actionReceivedUs: WORKER_US + 60e6 }, SENT_US],
    [
      'a worker stamps nothing',
      { actionReceivedUs: 0, stepStartedUs: 0, stepEndedUs: 0, encodedUs: 0 },
      SENT_US,
    ],
  ])('is never below 0 and adds up when %s', (_what, stamps, sentUs) => {
    const hops = splitHops({ ...STAMPS, ...stamps }, sentUs, 40);
    for (const name of HOP_NAMES) expect(hops[name]).toBeGreaterThanOrEqual(0);
    expect(sum(hops)).toBeCloseTo(40, 9);
  });
});

describe('typicalHops', () => {
  it('is the middle half, and adds up', () => {
    const of = (totalMs: number): Hops => splitHops(STAMPS, SENT_US, totalMs);
    const typical = typicalHops([of(40), of(900), of(42), of(12)]);
    expect(typical?.totalMs).toBe(41);
    expect(typical && sum(typical)).toBeCloseTo(41, 9);
    expect(typicalHops([])).toBeUndefined();
  });
});
