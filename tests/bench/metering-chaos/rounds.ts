// One round: sessions are opened and play, something is killed at a moment that the seed says, perhaps a second thing soon
// after, and when the sessions play again, or have ended, they are ended. A round is repeated by its seed.
import { setTimeout as delay } from 'node:timers/promises';
import { Meridian } from '@meridian/sdk';
import { seededDraw, type ThrowAway } from '@meridian/embedded';
import { WatchedSession } from '../../support/watched-session.ts';
import type { HeartbeatTap } from './heartbeat-tap.ts';

export const TARGETS = ['worker', 'gateway', 'control-plane', 'redis', 'postgres'] as const;
export type Target = (typeof TARGETS)[number];

export interface Round {
  readonly seed: number;
  readonly killed: readonly string[];
  readonly sessions: readonly WatchedSession[];
  /** For each killed worker with sessions: how long before the kill its counters were last heard, ms. */
  readonly unheardMs: readonly number[];
}

export interface Fleet {
  readonly system: ThrowAway;
  readonly tap: HeartbeatTap;
  readonly regions: readonly string[];
  readonly workersPerRegion: number;
  readonly gatewaysPerRegion: number;
  readonly sessionsPerRegion: number;
}

/** When the first kill comes after all play, and the second after the first. */
const FIRST_MS = 1_500;
const SECOND_MS = 1_200;
const SECOND_SHARE = 0.35;
const BACK_MS = 20_000;
const PATIENCE_MS = 60_000;
const POLL_MS = 50;
const FRAMES = 5;

export async function playRound(fleet: Fleet, seed: number): Promise<Round> {
  const draw = seededDraw(seed);
  const sessions = await Promise.all(
    fleet.regions.flatMap((region) =>
      Array.from({ length: fleet.sessionsPerRegion }, () => persistently(() => open(fleet, region))),
    ),
  );
  await Promise.all(sessions.map(playsOrIsLost));
  const killed: string[] = [];
  const unheardMs: number[] = [];
  const strike = (): void => {
    const name = nameOf(fleet, TARGETS[Math.floor(draw() * TARGETS.length)] ?? 'worker', draw);
    const pid = fleet.system.pidOf(name);
    if (pid === undefined) return;
    const unheard = unheardOn(fleet.tap, name);
    if (!kill(pid)) return;
    unheardMs.push(...unheard);
    killed.push(name);
  };
  await delay(draw() * FIRST_MS);
  strike();
  if (draw() < SECOND_SHARE) {
    await delay(draw() * SECOND_MS);
    strike();
  }
  await Promise.all(sessions.map(playsOrIsLost));
  await delay(draw() * FIRST_MS);
  await Promise.all(sessions.map((session) => persistently(() => session.end())));
  return { seed, killed, sessions, unheardMs };
}

/** False: it is gone already, killed a moment before or ended for want of a store. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Numbers are drawn for every target alike, so that a seed means the same whatever is killed. */
function nameOf(fleet: Fleet, target: Target, draw: () => number): string {
  const region = fleet.regions[Math.floor(draw() * fleet.regions.length)] ?? '';
  const which = draw();
  switch (target) {
    case 'worker':
      return `worker-${region}-${1 + Math.floor(which * fleet.workersPerRegion)}`;
    case 'gateway':
      return `gateway-${region}-${1 + Math.floor(which * fleet.gatewaysPerRegion)}`;
    case 'redis':
      return `redis-${region}`;
    default:
      return target;
  }
}

function unheardOn({ said, answeredAtMs }: HeartbeatTap, name: string): readonly number[] {
  const workerId = name.replace(/^worker-/, '');
  const lastMs = answeredAtMs.get(workerId);
  if (lastMs === undefined || name === workerId) return [];
  return [...said.values()].some((told) => told.workerId === workerId) ? [performance.now() - lastMs] : [];
}

function open({ system }: Fleet, region: string): Promise<WatchedSession> {
  const rttMs = { 'us-east': 500, 'eu-west': 500, [region]: 1 };
  return WatchedSession.open(system.url, system.secrets.playKey, { model: 'gallery', rttMs });
}

/** Some frames from now on, however long it takes; or it ends, or has no frame for too long. */
async function playsOrIsLost(session: WatchedSession): Promise<void> {
  await session.plays(FRAMES, BACK_MS).catch(() => undefined);
}

/** The control plane may be down. */
async function persistently<T>(call: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await delay(4 * POLL_MS);
    }
  }
}

/** Answers once the fleet is whole again: every worker registered and ready. */
export async function whole({ system, regions, workersPerRegion }: Fleet): Promise<void> {
  const meridian = new Meridian({ baseUrl: system.url, apiKey: system.secrets.playKey });
  await persistently(async () => {
    await meridian.listModels();
    const headers = { authorization: `Bearer ${system.secrets.adminKey}` };
    const response = await fetch(`${system.url}/admin/v1/workers`, { headers });
    const { workers } = (await response.json()) as { workers: readonly { health: string }[] };
    const ready = workers.filter(({ health }) => health === 'ready');
    if (ready.length < regions.length * workersPerRegion)
      throw new Error(`${ready.length} workers are ready`);
  });
}
