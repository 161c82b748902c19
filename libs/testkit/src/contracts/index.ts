export * from './harness.ts';
export * from './leases-contract.ts';
export * from './live-meters-contract.ts';
export * from './session-repository-contract.ts';
export * from './tenant-repository-contract.ts';
export * from './usage-repository-contract.ts';
export * from './worker-registry-contract.ts';
