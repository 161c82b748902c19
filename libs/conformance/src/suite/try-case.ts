import type { Case, CaseResult, Failure } from './case.ts';
import { NotTried, Violation } from './expect.ts';
import type { Lab } from './lab.ts';
import { placeOf } from './sentence.ts';

const CASE_MS_MAX = 60_000;

/** Runs one case to its end, and leaves the worker as it was found. */
export async function tryCase({ id, proves, sentence, run }: Case, lab: Lab): Promise<CaseResult> {
  const beganMs = performance.now();
  const timer = new AbortController();
  const error = await Promise.race([run(lab), tooLate(timer.signal)]).then(
    () => undefined,
    (thrown: unknown) => thrown ?? new Error('nothing'),
  );
  timer.abort();
  await lab.cleanUp();
  const ms = Math.round(performance.now() - beganMs);
  if (error === undefined) return { id, proves, outcome: 'passed', ms };
  if (error instanceof NotTried) return { id, proves, outcome: 'not-tried', ms, reason: error.message };
  return { id, proves, outcome: 'failed', ms, failure: failureOf(error, proves, sentence) };
}

function tooLate(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(new Error(`it had not ended after ${CASE_MS_MAX / 1_000} s`));
    const timer = setTimeout(late, CASE_MS_MAX);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

function failureOf(error: unknown, proves: string, own: Case['sentence']): Failure {
  const violation = error instanceof Violation ? error : undefined;
  const sentence = violation?.sentence ?? own;
  return {
    expected: violation?.expected ?? proves,
    got: violation?.got ?? (error instanceof Error ? error.message : String(error)),
    contract: sentence.text,
    at: placeOf(sentence) ?? sentence.file,
  };
}
