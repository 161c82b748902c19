// `kill -9` of any one process, then everything again: what had ended stays paid, to the last nano.

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findOurs, freePortBase, playFor, seededDraw } from '@meridian/embedded';
import type { Usage } from '@meridian/sdk';
import { client, modelName, newTenant, until, workers, type Target } from './support/system.ts';
import { pidsIn, startUp, type Up } from './support/up.ts';

const START_MS = 60_000;

let folder: string;
let portBase: number;
let target: Target;
let apiKey: string;
let up: Up;
const paid = new Map<string, Usage>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'meridian-kill-'));
  chmodSync(folder, 0o711);
  portBase = await freePortBase();
  up = await startUp(folder, portBase);
  const adminKey = readFileSync(path.join(folder, 'secrets', 'admin-key'), 'utf8').trim();
  target = { url: `http://127.0.0.1:${portBase}`, adminKey };
  apiKey = await newTenant(target, 'kill anything');
}, START_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plays and ends one session, and notes what it cost. */
async function playAndNote(): Promise<void> {
  await healed();
  const meridian = client(target, apiKey);
  const session = await meridian.open({ model: await modelName(meridian) });
  const { end } = await playFor(session, 1_000, seededDraw(3));
  if (!end.usage?.final) throw new Error(`The usage is not final: ${JSON.stringify(end)}`);
  paid.set(session.id, end.usage);
}

/** A control plane that is ready, and its four workers. */
const healed = () =>
  until('the system to heal', 30_000, async () => {
    const ready = await fetch(`${target.url}/readyz`).catch(() => undefined);
    if (ready?.status !== 200) return false;
    const seen = await workers(target);
    return seen.length === 4 && seen.every(({ health }) => health === 'ready');
  });

async function expectAllPaid(): Promise<void> {
  const meridian = client(target, apiKey);
  for (const [id, usage] of paid) {
    const { asOf: _asOf, ...now } = await meridian.usage(id);
    expect(usage).toMatchObject(now);
  }
  expect(paid.size).toBeGreaterThan(0);
}

const folderOf = () => ({ path: folder });

describe('kill -9', () => {
  it.each([
    'control-plane',
    'postgres',
    'redis-us-east',
    'gateway-us-east-1',
    'worker-us-east-1',
    'worker-eu-west-1',
  ])(
    'of %s loses nothing, and the next session plays',
    async (name) => {
      await playAndNote();
      const pid = pidsIn(folder)[name] ?? NaN;
      process.kill(pid, 'SIGKILL');
      await until(`${name} to be started again`, 20_000, () => {
        const now = pidsIn(folder)[name];
        return Promise.resolve(now !== undefined && now !== pid);
      });
      await healed();
      await expectAllPaid();
      await playAndNote();
    },
    START_MS,
  );

  it(
    'of the supervisor ends everything, and `up` goes on with the data',
    async () => {
      await playAndNote();
      process.kill(up.pid, 'SIGKILL');
      await up.exited;
      up = await startUp(folder, portBase);
      await healed();
      await expectAllPaid();
      await playAndNote();
    },
    START_MS,
  );

  it(
    'of everything at once is survived as well',
    async () => {
      await playAndNote();
      for (const pid of [up.pid, ...findOurs(folderOf()).map((each) => each.pid)]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended with the one before it.
        }
      }
      await up.exited;
      up = await startUp(folder, portBase);
      await healed();
      await expectAllPaid();
      await playAndNote();
    },
    START_MS,
  );
});

describe('the end', () => {
  it(
    'is clean on SIGTERM',
    async () => {
      process.kill(up.pid, 'SIGTERM');
      expect(await up.exited).toBe(0);
      expect(findOurs(folderOf())).toEqual([]);
    },
    START_MS,
  );
});
