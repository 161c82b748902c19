export * from './cost-bound.ts';
export * from './placement-bound.ts';
