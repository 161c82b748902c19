import { spawn, type ChildProcess } from 'node:child_process';
import type { ProcessControl } from './process-control.ts';

export interface OwnProcess extends ProcessControl {
  /** Ends it and whatever it started, at once. */
  kill(): void;
}

const WORDS_MAX = 4_000;

/** Starts a worker by the shell's words, in a process group of its own. */
export function startProcess(command: string, env: NodeJS.ProcessEnv): OwnProcess {
  // `exec` makes the worker the process that gets the signal, not a shell in front of it.
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-WORDS_MAX);
    });
  }
  const kill = () => killGroup(child);
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return {
    terminate: () => child.kill('SIGTERM'),
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 'signal'))),
    restart: () => Promise.resolve(startProcess(command, env)),
    lastWords: () => words.trim(),
    kill,
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
