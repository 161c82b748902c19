import type { CaseResult } from './case.ts';
import type { ConformanceReport } from './run.ts';

/** One line for a case; a failure has three more. */
export function lineOf({ id, outcome, ms, reason, failure }: CaseResult): string {
  const time = `(${(ms / 1_000).toFixed(1)} s)`;
  if (outcome === 'passed') return `ok          ${id} ${time}`;
  if (failure === undefined) return `not tried   ${id}: ${reason ?? ''}`;
  return [
    `FAILED      ${id} ${time}`,
    `              expected ${failure.expected}`,
    `              got      ${failure.got}`,
    `              contract ${failure.at}: "${failure.contract}"`,
  ].join('\n');
}

export const lastLineOf = ({ passed, failed, notTried }: ConformanceReport): string =>
  `${passed} passed, ${failed} failed, ${notTried} not tried`;
