/** The process of the worker under test, as far as the suite has power over it. */
export interface ProcessControl {
  /** SIGTERM. */
  terminate(): void;
  /** Resolves once the process is gone: its exit code, or `unknown` for a process that is not ours. */
  readonly exited: Promise<number | 'unknown' | 'signal'>;
  /** The same worker anew; undefined when the suite cannot start it. */
  readonly restart?: () => Promise<ProcessControl>;
  /** What it said last, for a person. */
  readonly lastWords?: () => string;
}
