export * from './contracts/index.ts';
export * from './tcp-link.ts';
export * from './world-kit.ts';
