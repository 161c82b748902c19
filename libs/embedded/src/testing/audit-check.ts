import { inRoot } from '../layout.ts';
import { runCommand } from '../run-command.ts';
import { failed, passed, type Check, type CheckResult } from './result.ts';

interface AuditReport {
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>;
}

interface Vulnerability {
  readonly name: string;
  readonly severity: string;
  readonly fixAvailable: unknown;
}

/** A known hole of severity high or worse fails when there is a fix to take; no network is a warning. */
export const auditCheck: Check = {
  name: 'npm audit',
  run: async () => judge((await runCommand('npm', ['audit', '--json'], { cwd: inRoot() })).stdout),
};

export function judge(reportJson: string): CheckResult {
  const { vulnerabilities } = parse(reportJson);
  if (!vulnerabilities)
    return passed('npm audit could not be asked (no network?), so known holes were not looked for.');
  const grave = Object.values(vulnerabilities).filter(
    ({ severity, fixAvailable }) => ['high', 'critical'].includes(severity) && Boolean(fixAvailable),
  );
  if (grave.length === 0) return passed();
  return failed(
    grave.map(({ name, severity }) => `${name}: ${severity}, and there is a fix (npm audit fix)`).join('\n'),
  );
}

function parse(json: string): AuditReport {
  try {
    return JSON.parse(json) as AuditReport;
  } catch {
    return {};
  }
}
