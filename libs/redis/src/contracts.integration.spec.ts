import { describe } from '@jest/globals';
import { leasesContract, liveMetersContract, workerRegistryContract } from '@meridian/testkit';
import type { OpenRegion } from '@meridian/testkit';
import { openRegion, REGION, until } from './testing/fixture.ts';

const open: OpenRegion = async (times) => {
  const { leases, registry, meters, redises, connection } = await openRegion(times);
  const storeMs = async () => {
    const [seconds, micros] = await connection.time();
    return Number(seconds) * 1000 + Number(micros) / 1000;
  };
  const elapse = async (ms: number) => {
    const targetMs = (await storeMs()) + ms;
    await until(async () => (await storeMs()) >= targetMs);
  };
  return { region: REGION, leases, registry, meters, elapse, close: async () => redises.close() };
};

describe('Redis leases', () => leasesContract(open));
describe('Redis worker registry', () => workerRegistryContract(open));
describe('Redis live meters', () => liveMetersContract(open));
