export * from './bull-connection.ts';
export * from './connect.ts';
export * from './redis-lease-store.ts';
export * from './redis-live-meters.ts';
export * from './redis-worker-registry.ts';
export * from './regions.ts';
export type { RedisConnection } from './scripts.ts';
