export * from './database.ts';
export * from './migrate/index.ts';
export * from './prisma-model-catalog.ts';
export * from './prisma-session-repository.ts';
export * from './prisma-tenant-repository.ts';
export * from './prisma-usage-repository.ts';
export { PostgresSessionSignals, type SignalsOptions } from './session-signals.ts';
