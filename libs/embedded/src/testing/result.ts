export interface CheckResult {
  readonly passed: number;
  readonly failed: number;
  /** What to read when something failed, or a warning. */
  readonly output: string;
}

export const passed = (output = ''): CheckResult => ({ passed: 1, failed: 0, output });

export const failed = (output: string): CheckResult => ({ passed: 0, failed: 1, output });

/** One check, counted as one test unless it says otherwise. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<CheckResult>;
}

export const total = (results: readonly CheckResult[]): CheckResult => ({
  passed: results.reduce((sum, each) => sum + each.passed, 0),
  failed: results.reduce((sum, each) => sum + each.failed, 0),
  output: '',
});
