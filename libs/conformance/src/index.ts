export { CASES } from './cases/index.ts';
export { Changes, TooLate } from './client/changes.ts';
export {
  bearer,
  CLIENT_KEY,
  PlayStream,
  TRACE_ID,
  workerClient,
  type PlayEnd,
  type PlayOptions,
  type SeenFrame,
} from './client/play-stream.ts';
export { WorkerCalls, type Answer } from './client/worker-calls.ts';
export { FakeFleet, type FakeFleetOptions } from './fleet/fake-fleet.ts';
export { jwksOf, tokenMint, type TestClaims, type TokenMint } from './fleet/token-mint.ts';
export type { ProcessControl } from './process/process-control.ts';
export type { Case, CaseResult, Failure } from './suite/case.ts';
export { lastLineOf, lineOf } from './suite/report-text.ts';
export {
  DEFAULT_SECRET,
  NoWorker,
  runConformance,
  type ConformanceOptions,
  type ConformanceReport,
} from './suite/run.ts';
