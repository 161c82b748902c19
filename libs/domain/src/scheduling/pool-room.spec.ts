import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WorkerId } from '../ids.ts';
import { fit, roomOf, withSlotsTaken } from './pool-room.ts';
import { slotsNeeded, type WorkerHealth } from './snapshot.ts';
import { pool, worker } from './testing/fleet.ts';

describe('slots that a session needs', () => {
  it.each([
    [undefined, 4, 1, 1],
    [0.25, 4, 1, 1],
    [0.3, 4, 1, 2],
    [1 / 3, 3, 1, 1],
    [1, 4, 1, 4],
    [1, 8, 2, 4],
    [1.5, 8, 1, undefined],
    [2, 8, 2, 8],
    [0.01, 4, 1, 1],
    [undefined, 0, 1, 1],
  ])('%p GPUs on a worker of %p slots over %p GPUs: %p', (gpus, slots, span, needed) => {
    expect(slotsNeeded(gpus, { slots, gpus: span })).toBe(needed);
  });
});

describe('the room in a pool', () => {
  const anyWorkers = fc.array(
    fc.record({
      slots: fc.nat(8),
      usedSlots: fc.nat(10),
      gpus: fc.constantFrom(1, 2, 4),
      health: fc.constantFrom<WorkerHealth>('ready', 'ready', 'lost'),
    }),
    { minLength: 1, maxLength: 6 },
  );

  it('is that of its ready workers, one by one', () => {
    const gpus = fc.constantFrom(undefined, 0.25, 1, 2, 4);
    fc.assert(
      fc.property(anyWorkers, gpus, (workers, asked) => {
        const room = roomOf(pool('us-east', { workers: workers.map((over, i) => worker(`w${i}`, over)) }));
        const ready = workers.filter((w) => w.health === 'ready');
        expect(room.freeSlots).toBe(ready.reduce((sum, w) => sum + Math.max(0, w.slots - w.usedSlots), 0));
        const widths = ready.flatMap((w) => {
          const needed = slotsNeeded(asked, w);
          return needed !== undefined && needed <= w.slots - w.usedSlots ? needed : [];
        });
        const found = fit(room, asked);
        expect(found).toBe(widths.length > 0 ? Math.min(...widths) : found);
        if (widths.length === 0) expect(typeof found).toBe('string');
      }),
    );
  });

  it('is less by what was taken, and the pool before is as it was', () => {
    const before = pool('us-east', { workers: [worker('a'), worker('b')] });
    const after = withSlotsTaken(before, 'b' as WorkerId, 3);
    expect([roomOf(before).freeSlots, roomOf(after).freeSlots]).toEqual([8, 5]);
    expect(after.workers.map((w) => w.usedSlots)).toEqual([0, 3]);
  });

  it('is enough when one worker has it free, not when all of them together do', () => {
    const workers = ['a', 'b'].map((id) => worker(id, { slots: 4, usedSlots: 1 }));
    const half = roomOf(pool('us-east', { workers }));
    expect([fit(half, undefined), fit(half, 0.75), fit(half, 1), fit(half, 2)]).toEqual([
      1,
      3,
      'not-now',
      'never',
    ]);
  });

  it('is not changed by a worker that it has not', () => {
    const one = pool('us-east');
    expect(withSlotsTaken(one, 'other' as WorkerId, 1)).toBe(one);
  });
});
