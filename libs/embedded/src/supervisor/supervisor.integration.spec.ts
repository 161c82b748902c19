import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDataDir, type DataDir } from '../layout.ts';
import { silent } from '../progress.ts';
import { findOurs } from './our-processes.ts';
import { findRunning, lockRun, unlockRun } from './run-lock.ts';
import type { ProcessSpec } from './supervised-process.ts';
import { Supervisor } from './supervisor.ts';

let data: DataDir;
let supervisor: Supervisor | undefined;

beforeEach(() => {
  data = openDataDir(mkdtempSync(path.join(tmpdir(), 'meridian-supervisor-')));
});

afterEach(async () => {
  await supervisor?.stop();
  supervisor = undefined;
  rmSync(data.path, { recursive: true });
});

const file = (name: string) => path.join(data.path, name);

/** A Node program in one line; it is ready once it has made the file `ready`. */
const program = (script: string): ProcessSpec => ({
  name: 'program',
  file: process.execPath,
  args: ['-e', `${script}`],
  env: { PATH: process.env['PATH'], FOLDER: data.path },
  ready: () => Promise.resolve(existsSync(file('ready'))),
  stopSignal: 'SIGTERM',
  stopStage: 0,
});

const READY = `require('fs').appendFileSync(process.env.FOLDER + '/ready', process.pid + '\\n');`;
const STAY = 'setInterval(() => {}, 1000);';

const supervise = (restart = true) => (supervisor = new Supervisor({ data, progress: silent, restart }));

const starts = () =>
  existsSync(file('ready')) ? readFileSync(file('ready'), 'utf8').trim().split('\n').length : 0;

async function until(what: () => boolean): Promise<void> {
  while (!what()) await delay(10);
}

describe('a supervisor', () => {
  it('starts a killed process again', async () => {
    await supervise().start(program(READY + STAY));
    process.kill(supervisor?.pidOf('program') ?? NaN, 'SIGKILL');
    await until(() => starts() === 2);
  });

  it('leaves it away when told so', async () => {
    await supervise(false).start(program(READY + STAY));
    process.kill(supervisor?.pidOf('program') ?? NaN, 'SIGKILL');
    await until(() => findOurs(data).length === 1);
    expect(starts()).toBe(1);
  });

  it('gives up on a process that never comes up, with its last words', async () => {
    const broken = program(`throw new RangeError('no room')`);
    await expect(supervise().start(broken)).rejects.toThrow(
      /program ended at its start.*RangeError: no room/,
    );
  });

  it('does not try again when the settings are wrong', async () => {
    const wrong = program(`${READY} console.error('PORT is "x"; set it to a number.'); process.exit(78);`);
    await supervise()
      .start({ ...wrong, ready: () => Promise.resolve(false) })
      .then(
        () => expect('started').toBe('refused'),
        (error: unknown) => expect(String(error)).toContain('program: PORT is "x"; set it to a number.'),
      );
    expect(starts()).toBe(1);
  });

  it('ends grandchildren too, and processes that do not listen', async () => {
    const stubborn = `process.on('SIGTERM', () => {});`;
    const grandchild = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(STAY)}]);`;
    await supervise().start(program(stubborn + grandchild + READY + STAY));
    await until(() => findOurs(data).length === 3);
    await supervisor?.stop();
    expect(findOurs(data)).toEqual([]);
  }, 20_000);

  it('that is killed itself leaves nothing behind', async () => {
    const own = path.join(import.meta.dirname, 'supervisor.ts');
    const script = `
      const { Supervisor } = await import(${JSON.stringify(own)});
      const { silent } = await import(${JSON.stringify(path.join(import.meta.dirname, '../progress.ts'))});
      const supervisor = new Supervisor({ data: ${JSON.stringify(data)}, progress: silent, restart: true });
      const env = { FOLDER: ${JSON.stringify(data.path)} };
      const args = ['-e', ${JSON.stringify(READY + STAY)}];
      await supervisor.start({ name: 'program', file: process.execPath, args, env, ready: async () => true });`;
    const killed = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await until(() => starts() === 1);
    expect(findOurs(data).length).toBe(2);
    killed.kill('SIGKILL');
    await until(() => findOurs(data).length === 0);
  });
});

describe('a data folder', () => {
  it('is taken by one run at a time', () => {
    expect(lockRun(data, 'http://here')).toBeUndefined();
    expect(lockRun(data, 'http://there')).toMatchObject({ pid: process.pid, url: 'http://here' });
    expect(findRunning(data)?.url).toBe('http://here');
    unlockRun(data);
    expect(findRunning(data)).toBeUndefined();
  });

  it('is free when another process has the pid of the run that had it', () => {
    const claimed = { pid: process.pid, processStart: 'long ago', url: 'http://gone' };
    writeFileSync(path.join(data.run, 'up.json'), JSON.stringify(claimed));
    expect(findRunning(data)).toBeUndefined();
    expect(lockRun(data, 'http://next')).toBeUndefined();
    expect(findRunning(data)?.url).toBe('http://next');
  });
});
