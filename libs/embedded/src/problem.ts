/** A reason why a command cannot go on: one sentence that says what is wrong and what to do. Printed as it is. */
export class Problem extends Error {
  override readonly name = 'Problem';
}

/** Also of an error from another realm, such as jest's, where `instanceof Error` says no. */
export const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

export const DISK_FULL = 'The disk is full; free some space (1 GB is enough) and run this again.';

/** The sentence for an error that nobody expected here; a full disk can show anywhere. */
export function sentenceFor(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) return DISK_FULL;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
