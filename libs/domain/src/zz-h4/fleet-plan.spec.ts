import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WorkerId } from '../ids.ts';
import { planFleet, type PlannedWorker } from './fleet-plan.ts';

const id = (name: string | number) => String(name) as WorkerId;
const worker = (name: string, state: PlannedWorker['state'], busySlots = 0): PlannedWorker => ({
  ...{ workerId: id(name), state, busySlots },
});

describe('a fleet plan', () => {
  it('takes back what drains before it orders what must boot, the fullest first', () => {
    const workers = [worker('a', 'ready', 8), worker('b', 'draining', 1), worker('c', 'draining', 3)];
    expect(planFleet(workers, 2)).toEqual({ order: 0, undrain: ['c'], drain: [], retire: [] });
    expect(planFleet(workers, 5)).toEqual({ order: 2, undrain: ['c', 'b'], drain: [], retire: [] });
  });

  it('gives up what boots first, then what is empty, and drains the emptiest of the rest', () => {
    const workers = [
      ...[worker('a', 'ready', 8), worker('b', 'ready', 2), worker('c', 'ready', 0)],
      ...[worker('d', 'booting'), worker('e', 'ready', 5)],
    ];
    expect(planFleet(workers, 4)).toEqual({ order: 0, undrain: [], drain: [], retire: ['d'] });
    expect(planFleet(workers, 2)).toEqual({ order: 0, undrain: [], drain: ['b'], retire: ['c', 'd'] });
  });

  it('shuts a draining worker down once its last session has left', () => {
    const workers = [worker('a', 'ready', 8), worker('b', 'draining', 0), worker('c', 'draining', 1)];
    expect(planFleet(workers, 1)).toEqual({ order: 0, undrain: [], drain: [], retire: ['b'] });
  });

  it('ends with as many as are wanted, ends no session, and is then content', () => {
    const states = fc.constantFrom('ready', 'draining', 'booting');
    const fleets = fc.array(fc.record({ state: states, busySlots: fc.nat(8) }), { maxLength: 12 });
    fc.assert(
      fc.property(fleets, fc.nat(12), (fleet, wanted) => {
        const workers = fleet.map(({ state, busySlots }, i) => ({
          ...{ workerId: id(i), state, busySlots: state === 'booting' ? 0 : busySlots },
        }));
        const plan = planFleet(workers, wanted);
        const retired = workers.filter(({ workerId }) => plan.retire.includes(workerId));
        expect(retired.every(({ busySlots }) => busySlots === 0)).toBe(true);
        const after = [
          ...workers
            .filter((w) => !retired.includes(w))
            .map((w): PlannedWorker => {
              if (plan.drain.includes(w.workerId)) return { ...w, state: 'draining' };
              return plan.undrain.includes(w.workerId) ? { ...w, state: 'ready' } : w;
            }),
          ...Array.from({ length: plan.order }, (_, i) => worker(`new ${i}`, 'booting')),
        ];
        expect(after.filter(({ state }) => state !== 'draining')).toHaveLength(wanted);
        expect(planFleet(after, wanted)).toEqual({ order: 0, undrain: [], drain: [], retire: [] });
      }),
    );
  });
});
