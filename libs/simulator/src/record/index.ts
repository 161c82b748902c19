export { makeMonth, type MonthOptions } from './make-month.ts';
export type { Month } from './month.ts';
export { recordMonth, type OnStep, type RecordPorts } from './record-month.ts';
