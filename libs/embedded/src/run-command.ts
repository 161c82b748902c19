import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onInterrupt, type Interruptible } from './interrupt.ts';
import { DISK_FULL, Problem } from './problem.ts';
import { sendSignal } from './supervisor/our-processes.ts';

const END_GRACE_MS = 3_000;

export interface CommandResult {
  readonly code: number;
  /** stdout and stderr as they came. */
  readonly output: string;
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Sees the output while the command runs. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command to its end. A command that cannot be started has code 127. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { onOutput, ...spawnOptions } = options;
  return new Promise((resolve) => {
    // In a group of its own, so that it can be ended with whatever it starts.
    const child = spawn(file, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const done = onInterrupt(endingGroup(child));
    let output = '';
    let stdout = '';
    const take = (text: string) => {
      output += text;
      onOutput?.(text);
    };
    const finish = (code: number, said: string) => {
      done();
      resolve({ code, output: said, stdout });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => finish(127, error.message));
    child.once('close', (code) => finish(code ?? 1, output));
  });
}

function endingGroup(child: ChildProcess): Interruptible {
  const send = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined) sendSignal(-child.pid, signal);
  };
  const end = async () => {
    send('SIGTERM');
    const late = setTimeout(() => send('SIGKILL'), END_GRACE_MS);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    clearTimeout(late);
    send('SIGKILL');
  };
  return { end, force: () => send('SIGKILL') };
}

/** The same, where anything but success ends the whole command with `sentence` and the output's last lines. */
export async function mustRun(
  sentence: string,
  file: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  const result = await runCommand(file, args, options);
  if (result.code === 0) return result;
  if (/ENOSPC|No space left on device/i.test(result.output)) throw new Problem(DISK_FULL);
  throw new Problem(`${sentence}\n${lastLines(result.output, 30)}`);
}

export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split('\n').slice(-count).join('\n');
