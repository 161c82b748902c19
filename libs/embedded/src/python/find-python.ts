import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { runCommand } from '../run-command.ts';

const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const PACKAGES = ['python3', 'python3-venv', 'python3-pip'];

/** Debian ships `venv` without the `ensurepip` that it needs, in a package of its own. */
const CAN_MAKE_VENVS = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';

/** A Python of at least 3.11 that can make virtual environments: from PATH, else from the system's packages. */
export async function findPython(progress: Progress): Promise<string> {
  const found = await onPath();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0) {
    progress.note('no Python 3.11 with venv in PATH; installing it with apt-get');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await runCommand('apt-get', ['update'], { env });
    await runCommand('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES], { env });
  }
  const installed = await onPath();
  if (installed !== undefined) return installed;
  throw new Problem(
    'Python 3.11 or newer with venv and pip is missing; install the packages python3-venv and python3-pip and run this again.',
  );
}

async function onPath(): Promise<string | undefined> {
  for (const name of NAMES) {
    const { code } = await runCommand(name, ['-c', CAN_MAKE_VENVS]);
    if (code === 0) return name;
  }
  return undefined;
}
