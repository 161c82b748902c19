import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { runCommand } from '../run-command.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A browser for the play page's test: from PATH, else from the system's packages. */
export async function findChromium(progress: Progress): Promise<string> {
  const found = process.env['CHROMIUM'] ?? onPath();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0) {
    progress.note('no Chromium in PATH; installing it with apt-get');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await runCommand('apt-get', ['update'], { env });
    await runCommand('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { env });
  }
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new Problem(
    'The play page is tested in Chromium, which is not there; install the package chromium and run this again.',
  );
}

const onPath = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
