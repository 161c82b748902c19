import { hasRoom, type Strategy } from './strategy.ts';

/**
 * Agones over several clusters: the allocator service tries the clusters in the order of their
 * GameServerAllocationPolicy priorities (here the scenario's order of pools) and takes a ready server of the first that
 * has one; agones.dev, Multi-cluster Allocation. Within a cluster `scheduling: Packed` takes the node with the most
 * allocated servers; agones.dev, Scheduling and Autoscaling. Nothing knows a user's RTT, and nobody waits: without a ready
 * server the answer is UnAllocated.
 */
export const agonesPacked: Strategy = {
  name: 'Agones packed',
  queues: false,
  begin: () => (_arrival, pools) => pools.find(hasRoom),
};
