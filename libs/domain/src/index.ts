export * from './brand.ts';
export * from './ids.ts';
export * from './session/session.ts';
export * from './scheduling/snapshot.ts';
export * from './metering/usage.ts';
