/** What became of one run of a job. */
export interface JobRun {
  readonly name: string;
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Undefined: it succeeded. */
  readonly error?: string;
}

/** The last run of a job, wherever it was. */
export interface JobRecord {
  readonly name: string;
  readonly lastRunAtMs: number;
  readonly lastMs: number;
  readonly lastOkAtMs?: number;
  /** Of the last run that failed, while none has succeeded since. */
  readonly lastError?: string;
  /** Runs that failed since the last that succeeded. */
  readonly failed: number;
}

/** When each job last ran and how, for an operator to see. Every method throws `StoreUnavailable`. */
export interface JobRuns {
  /** One that is older than what is known is left out. */
  note(run: JobRun): Promise<void>;
  /** By name. */
  list(): Promise<readonly JobRecord[]>;
}
