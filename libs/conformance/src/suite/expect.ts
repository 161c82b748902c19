import type { PlayEnd, PlayStream } from '../client/play-stream.ts';
import type { Answer } from '../client/worker-calls.ts';
import { status } from '@grpc/grpc-js';
import type { Sentence } from './sentence.ts';

/** The worker does not keep to the contract. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly expected: string;
  readonly got: string;
  readonly sentence: Sentence | undefined;

  constructor(expected: string, got: unknown, sentence?: Sentence) {
    super(`expected ${expected}; got ${String(got)}`);
    this.expected = expected;
    this.got = String(got);
    this.sentence = sentence;
  }
}

/** The case says nothing about this worker, for this reason. */
export class NotTried extends Error {
  override readonly name = 'NotTried';
}

/** Nothing else than the case's own sentence is broken unless `sentence` says so. @throws Violation */
export function expect(holds: boolean, expected: string, got: unknown, sentence?: Sentence): asserts holds {
  if (!holds) throw new Violation(expected, got, sentence);
}

/** @throws Violation */
export function expectSame(what: string, expected: unknown, got: unknown, sentence?: Sentence): void {
  expect(Object.is(expected, got), `${what} ${String(expected)}`, String(got), sentence);
}

/** The value of a call that must be answered. @throws Violation */
export function answered<Value>(what: string, answer: Answer<Value>, sentence?: Sentence): Value {
  if (answer.kind === 'answer') return answer.value;
  throw new Violation(
    `${what} to be answered`,
    refusalText(answer.status, answer.code, answer.detail),
    sentence,
  );
}

/** `wanted` is a status, or a status and a code, such as 'NOT_FOUND unknown_session'. @throws Violation */
export function expectRefused(
  what: string,
  wanted: string,
  answer: Answer<unknown>,
  sentence?: Sentence,
): void {
  const got = answer.kind === 'answer' ? 'an answer' : refusalText(answer.status, answer.code, answer.detail);
  expect(`${got} `.startsWith(`${wanted} `), `${what} to be refused with ${wanted}`, got, sentence);
}

/** The stream closes soon, and with this. @throws Violation */
export async function expectClosed(
  what: string,
  wanted: string,
  stream: PlayStream,
  { withinMs = 5_000, sentence }: { withinMs?: number; sentence?: Sentence } = {},
): Promise<PlayEnd> {
  const end = await stream.endedWithin(withinMs).catch(() => undefined);
  const got = end
    ? refusalText(status[end.code], end.meridianCode, end.details)
    : `a stream still open after ${withinMs} ms, with ${stream.frames.length} frames`;
  expect(`${got} `.startsWith(`${wanted} `), `${what} to be closed with ${wanted}`, got, sentence);
  return end as PlayEnd;
}

const refusalText = (name: string | undefined, code: string, detail: string): string =>
  [name, code, detail && `(${detail})`].filter(Boolean).join(' ');
