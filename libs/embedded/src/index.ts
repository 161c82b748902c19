// For tests and benches. Never built: Node runs it as it is.

export { aligned, machineText, type BenchResult, type Figure } from './bench-result.ts';
export { largestPassing } from './largest-passing.ts';
export { inRoot } from './layout.ts';
export { wholeNumber } from './options.ts';
export { Problem } from './problem.ts';
export { percentile } from './percentile.ts';
export { firstFrame, playFor, seededDraw, type Played } from './play.ts';
export { progressTo, silent, type Progress } from './progress.ts';
export { pythonVenv } from './python/venv.ts';
export { mustRun } from './run-command.ts';
export { findOurs } from './supervisor/our-processes.ts';
export { freePortBase } from './system/ports.ts';
export { startSystem, type System } from './system/system.ts';
export { startThrowAway, type ThrowAway } from './system/throw-away.ts';
