import { bin, inRoot } from '../layout.ts';
import { nxEnv } from '../prepare.ts';
import { runCommand } from '../run-command.ts';
import { auditCheck } from './audit-check.ts';
import { boundaryCheck } from './boundary-check.ts';
import { driftChecks } from './drift-checks.ts';
import { failed, passed, type Check } from './result.ts';

/** A command that says by its exit code whether all is well. */
function commandCheck(name: string, file: string, args: readonly string[], cwd = inRoot()): Check {
  return {
    name,
    run: async () => {
      const { code, output } = await runCommand(file, args, { cwd, env: nxEnv() });
      return code === 0 ? passed() : failed(output);
    },
  };
}

/** The boundary rule reads the project graph that Nx wrote last; without one it lets everything pass. */
const lint: Check = {
  name: 'lint and module boundaries',
  run: async () => {
    const graph = await runCommand(bin('nx'), ['show', 'projects'], { cwd: inRoot(), env: nxEnv() });
    if (graph.code !== 0) return failed(graph.output);
    const args = ['.', '--max-warnings=0'];
    const { code, output } = await runCommand(bin('eslint'), args, { cwd: inRoot(), env: nxEnv() });
    return code === 0 ? passed() : failed(output);
  },
};

export const staticChecks: readonly Check[] = [
  commandCheck('format', bin('prettier'), ['--check', '--log-level=warn', '.']),
  commandCheck('types, with specs and tests', bin('tsc'), ['--project', 'tsconfig.tests.json']),
  lint,
  boundaryCheck,
  commandCheck('protocol lint', bin('buf'), ['lint'], inRoot('libs', 'protocol')),
  ...driftChecks,
  auditCheck,
];
