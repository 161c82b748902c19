import { expect, it } from '@jest/globals';
import { US_EAST, poolIn } from '@meridian/testkit';
import { viewFleetCost } from './fleet-cost-view.ts';

const row = {
  ...{ region: US_EAST, pool: poolIn(US_EAST), currency: 'GBP', activeMs: 1_800_000 },
  ...{ billNano: 2_400_000_000n, sessionNano: 600_000_001n },
};
const cost = {
  ...{ currency: 'GBP', fromMs: 0, toMs: 3_600_000, billNano: row.billNano, sessionNano: row.sessionNano },
  ...{
    idleNano: 1_799_999_999n,
    userHours: 0.5,
    poundsPerUserHour: 1.2,
    poundsPerUserHourLoaded: 4.8,
    pools: [row],
  },
};

it('shows money as whole nano-units that add up, and £ per user-hour', () => {
  const view = viewFleetCost(cost);
  expect(view).toMatchObject({ billNano: '2400000000', sessionNano: '600000001', idleNano: '1799999999' });
  expect(view.pools[0]).toMatchObject({
    idleNano: '1799999999',
    userHours: 0.5,
    poundsPerUserHourLoaded: 4.8,
  });
  expect(BigInt(view.sessionNano) + BigInt(view.idleNano)).toBe(BigInt(view.billNano));
});

it('says null per user-hour before there is any use', () => {
  const idle = viewFleetCost({ ...cost, userHours: 0, pools: [{ ...row, activeMs: 0 }] });
  expect([idle.poundsPerUserHour, idle.pools[0]?.poundsPerUserHour]).toEqual([null, null]);
});
