// For tests and benches. Never built: Node runs it as it is.

export { machineText, type BenchResult, type Figure } from './bench-result.ts';
export { percentile } from './percentile.ts';
export { firstFrame, playFor, seededDraw, type Played } from './play.ts';
export { progressTo, silent, type Progress } from './progress.ts';
export { findOurs } from './supervisor/our-processes.ts';
export { freePortBase } from './system/ports.ts';
export { startSystem, type System } from './system/system.ts';
export { startThrowAway, type ThrowAway } from './system/throw-away.ts';
