export * from './drift.ts';
export * from './migrate.ts';
