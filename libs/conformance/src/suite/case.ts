import type { Lab } from './lab.ts';
import type { Sentence } from './sentence.ts';

/** One thing that a worker must do. */
export interface Case {
  /** `topic.thing`, stable. */
  readonly id: string;
  /** One sentence: what it proves and why that matters. */
  readonly proves: string;
  /** What it holds the worker to. */
  readonly sentence: Sentence;
  /** Resolves when the worker does it. @throws Violation, NotTried */
  readonly run: (lab: Lab) => Promise<void>;
}

export interface CaseResult {
  readonly id: string;
  readonly proves: string;
  readonly outcome: 'passed' | 'failed' | 'not-tried';
  readonly ms: number;
  /** Why it was not tried. */
  readonly reason?: string;
  readonly failure?: Failure;
}

export interface Failure {
  readonly expected: string;
  readonly got: string;
  /** The sentence of the contract, and where it stands. */
  readonly contract: string;
  readonly at: string;
}
