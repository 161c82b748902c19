import { existsSync } from 'node:fs';
import { bin, inRoot } from './layout.ts';
import { DISK_FULL, Problem } from './problem.ts';
import { lastLines, runCommand } from './run-command.ts';

/** Nx without its daemon and its screen: nothing stays behind, and the output is plain lines. */
export const nxEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${inRoot('node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
  NX_DAEMON: 'false',
  NX_TUI: 'false',
  NX_ISOLATE_PLUGINS: 'false',
  NX_NO_CLOUD: 'true',
  FORCE_COLOR: '0',
  // The schema engine is a download; generating the client needs none (DESIGN, facts that were tried).
  PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
});

/** What `up` and the commands run, without what only tests use. */
const PROJECTS = {
  'control-plane': 'apps',
  gateway: 'apps',
  worker: 'apps',
  console: 'apps',
  sdk: 'libs',
  conformance: 'libs',
  simulator: 'libs',
  postgres: 'libs',
} as const;

export type BuiltProject = keyof typeof PROJECTS;

/** Builds whatever changed since the last build; Nx compares the content of sources and outputs. */
export async function build(
  wanted: readonly BuiltProject[] = Object.keys(PROJECTS) as BuiltProject[],
): Promise<void> {
  const present = wanted.filter((name) => existsSync(inRoot(PROJECTS[name], name, 'package.json')));
  const projects = present.map((name) => `@meridian/${name}`).join(',');
  const args = [
    'run-many',
    '--target=build',
    `--projects=${projects}`,
    '--output-style=static',
    '--parallel=3',
  ];
  const { code, output } = await runCommand(bin('nx'), args, { cwd: inRoot(), env: nxEnv() });
  if (code === 0) return;
  if (/ENOSPC|No space left on device/.test(output)) throw new Problem(DISK_FULL);
  const errors = output.split('\n').filter((line) => /error/i.test(line) && !line.startsWith('npm error'));
  throw new Problem(`The build failed; repair this:\n${errors.join('\n') || lastLines(output, 30)}`);
}
