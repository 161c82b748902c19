export * from './env.ts';
export * from './health.ts';
export * from './hot-histogram.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './process.ts';
export * from './random.ts';
export * from './trace.ts';
