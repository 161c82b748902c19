import { describe, expect, it } from '@jest/globals';
import { RTT_STALE_MS, rttMsBetween, rttsOf, UNMEASURED_RTT_MS } from './region-rtt.ts';
import { region, snapshot } from './testing/fleet.ts';

const WASHINGTON = { latitude: 38.9, longitude: -77 };
const SAN_JOSE = { latitude: 37.3, longitude: -121.9 };
const LONDON = { latitude: 51.5, longitude: -0.1 };
const FRANKFURT = { latitude: 50.1, longitude: 8.7 };

const east = region('us-east', [], { location: WASHINGTON });
const west = region('us-west', [], { location: SAN_JOSE });
const london = region('eu-west', [], { location: LONDON });
const nowhere = region('eu-north', []);
const over = { ...snapshot(east, west, london, nowhere), takenAtMs: 10_000_000 };

describe('the RTT of a client to a region', () => {
  it('is what was measured', () => {
    const rttTo = rttsOf({ rttMs: { 'us-east': 12 } }, over);
    expect(rttTo(east)).toEqual({ ms: 12, atMostMs: 12, isEstimated: false });
  });

  it('is what was measured, and may be half more, when that is long ago', () => {
    const at = (rttMeasuredAtMs: number) => rttsOf({ rttMs: { 'us-east': 12 }, rttMeasuredAtMs }, over)(east);
    expect(at(over.takenAtMs - RTT_STALE_MS)).toEqual({ ms: 12, atMostMs: 12, isEstimated: false });
    expect(at(over.takenAtMs - RTT_STALE_MS - 1)).toEqual({ ms: 12, atMostMs: 18, isEstimated: true });
  });

  it('is estimated from the regions that were measured', () => {
    // A client next to Washington: the rest is the way from there, and a cap takes it for more.
    const { ms, atMostMs, isEstimated } = rttsOf({ rttMs: { 'us-east': 2 } }, over)(london);
    const between = rttMsBetween(WASHINGTON, LONDON);
    expect(isEstimated).toBe(true);
    expect(Math.abs(ms - between)).toBeLessThanOrEqual(2);
    expect(atMostMs).toBeGreaterThan(between * 1.2);
  });

  it('is estimated the better the more were measured', () => {
    // San Jose is 63 ms from Washington and 138 ms from London, as measured.
    const one = rttsOf({ rttMs: { 'eu-west': 138 } }, over)(west);
    const two = rttsOf({ rttMs: { 'eu-west': 138, 'us-east': 63 } }, over)(west);
    expect(two.atMostMs).toBeLessThan(one.atMostMs);
    expect(two.ms).toBeGreaterThanOrEqual(Math.abs(138 - rttMsBetween(LONDON, SAN_JOSE)));
  });

  it('is the same guess for all of which nothing is known', () => {
    const guess = { ms: UNMEASURED_RTT_MS, atMostMs: UNMEASURED_RTT_MS, isEstimated: true };
    expect(rttsOf({ rttMs: {} }, over)(london)).toEqual(guess);
    expect(rttsOf({ rttMs: { 'us-east': 12 } }, over)(nowhere)).toEqual(guess);
  });

  it('between data centres is about what was measured', () => {
    expect(rttMsBetween(WASHINGTON, SAN_JOSE)).toBeCloseTo(69, 0);
    expect(rttMsBetween(LONDON, FRANKFURT)).toBeCloseTo(17, 0);
    expect(rttMsBetween(LONDON, LONDON)).toBe(7);
  });
});
