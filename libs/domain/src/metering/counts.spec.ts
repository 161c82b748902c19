import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Epoch, PoolId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { isNews } from './counts.ts';
import { cutSegments, openMeter, type Meter } from './meter.ts';
import type { MeterReading } from './usage.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const SESSION = 'ses_1' as SessionId;
const opened = openMeter(
  'ten_1' as TenantId,
  SESSION,
  {
    region: 'us-east' as RegionId,
    pool: 'us-east/h100/gallery@1' as PoolId,
    ...{ workerId: 'w1' as WorkerId, workerAddress: 'w1:1', slot: 0, width: 1, slots: 2, gpus: 1 },
    ...{ purchase: 'on_demand', epoch: 1 as Epoch },
  },
  T0,
);
const reading = (startedUs: number, seq: number, frames: number): MeterReading => ({
  ...{ sessionId: SESSION, epoch: 1 as Epoch, startedUs, seq, activeMs: frames * 40, frames },
  ...{ lateFrames: Math.floor(frames / 10), atMs: T0 + 1_000 },
});
const apply = (meter: Meter, one: MeterReading): Meter =>
  cutSegments(meter, one, { rates: [], close: false }).meter;

/** What some processes counted, each from 0 on. */
const counts = fc
  .uniqueArray(
    fc.record({
      startedUs: fc.integer({ min: 1, max: 9 }),
      frames: fc.array(fc.nat(100), { minLength: 1, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 4, selector: ({ startedUs }) => startedUs },
  )
  .map((processes) =>
    processes.map(({ startedUs, frames }) => {
      let sum = 0;
      return frames.map((more, i) => reading(startedUs, i + 1, (sum += more)));
    }),
  );

describe('counts of several processes at one epoch', () => {
  it('add up to the newest of each, told in any order and more than once', () => {
    const told = counts.chain((processes) =>
      fc.tuple(
        fc.constant(processes),
        fc.shuffledSubarray([...processes.flat(), ...processes.flat()], {
          minLength: 2 * processes.flat().length,
        }),
      ),
    );
    fc.assert(
      fc.property(told, ([processes, readings]) => {
        const { last } = readings.reduce(apply, opened);
        const finals = processes.flatMap((process) => process.at(-1) ?? []);
        for (const counter of ['activeMs', 'frames', 'lateFrames'] as const) {
          expect(last[counter]).toBe(finals.reduce((sum, final) => sum + final[counter], 0));
        }
      }),
    );
  });

  it('are one where nobody said when it began, as before a count had a name', () => {
    const unnamed = [reading(0, 5, 50), reading(0, 6, 60)].reduce(apply, opened);
    const named = apply(unnamed, reading(7, 7, 70));
    expect(named).toMatchObject({ startedUs: 7, seq: 7, earlier: [], last: { frames: 70 } });
    expect(isNews(named, reading(0, 6, 60))).toBe(false);
    expect(apply(named, reading(0, 8, 80))).toMatchObject({ startedUs: 7, seq: 8, last: { frames: 80 } });
  });

  it('are news only where they rose since that process told them', () => {
    const meter = [reading(1, 5, 50), reading(2, 1, 3)].reduce(apply, opened);
    expect([reading(1, 5, 50), reading(1, 4, 99), reading(2, 1, 3)].map((one) => isNews(meter, one))).toEqual(
      [false, false, false],
    );
    expect([reading(1, 6, 51), reading(2, 2, 4), reading(3, 0, 1)].map((one) => isNews(meter, one))).toEqual([
      true,
      true,
      true,
    ]);
  });
});
