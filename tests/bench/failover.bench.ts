// A worker is killed with SIGKILL while a session plays on it, and stays away. A session moves within its region, so
// the rounds take turns, and three workers a region leave one to move to in every round.

import { Meridian, type MeridianSession } from '@meridian/sdk';
import { setTimeout as delay } from 'node:timers/promises';
import {
  firstFrame,
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  type BenchResult,
  type Figure,
  type ThrowAway,
} from '@meridian/embedded';

const ROUNDS = ['us-east', 'eu-west', 'us-east', 'eu-west'];
const WORKERS_PER_REGION = 3;
const POLL_MS = 10;
const GIVE_UP_MS = 15_000;

interface Round {
  /** Until the admin API says that the worker is lost. */
  readonly noticedMs: number;
  /** Until the client is told that its session moves. */
  readonly toldMs: number;
  /** Until the next frame arrives from the new worker. */
  readonly nextFrameMs: number;
}

interface Worker {
  readonly id: string;
  readonly health: string;
}

async function workers({ url, secrets }: ThrowAway): Promise<readonly Worker[]> {
  const headers = { authorization: `Bearer ${secrets.adminKey}` };
  const response = await fetch(`${url}/admin/v1/workers`, { headers });
  return ((await response.json()) as { workers: Worker[] }).workers;
}

async function lost(system: ThrowAway, workerId: string, sinceMs: number): Promise<number> {
  while ((await workers(system)).some(({ id, health }) => id === workerId && health === 'ready')) {
    if (performance.now() - sinceMs > GIVE_UP_MS) throw new Error(`Nobody noticed that ${workerId} is gone.`);
    await delay(POLL_MS);
  }
  return performance.now() - sinceMs;
}

const next = (session: MeridianSession, event: 'migrating' | 'migrated' | 'frame', sinceMs: number) =>
  new Promise<number>((resolve, reject) => {
    session.on(event, () => resolve(performance.now() - sinceMs));
    void session.ended.then(({ reason, detail }) =>
      reject(new Error(`The session ended: ${reason} ${detail}`)),
    );
  });

async function killUnder(system: ThrowAway, session: MeridianSession): Promise<Round> {
  await firstFrame(session);
  // The gateway needs a checkpoint to restore from, and the worker sends one each second.
  await delay(2_000);
  const workerId = session.info.placement?.workerId ?? '';
  const sinceMs = performance.now();
  const told = next(session, 'migrating', sinceMs);
  const frame = next(session, 'migrated', sinceMs).then(() => next(session, 'frame', sinceMs));
  process.kill(system.pidOf(`worker-${workerId}`) ?? NaN, 'SIGKILL');
  const [noticedMs, toldMs, nextFrameMs] = await Promise.all([lost(system, workerId, sinceMs), told, frame]);
  await session.end();
  return { noticedMs, toldMs, nextFrameMs };
}

export async function run(): Promise<BenchResult> {
  const progress = progressTo(process.stderr);
  const system = await startThrowAway({
    progress,
    build: false,
    restart: false,
    workersPerRegion: WORKERS_PER_REGION,
  });
  try {
    const meridian = new Meridian({ baseUrl: system.url, apiKey: system.secrets.playKey });
    const [model] = await meridian.listModels();
    const rounds: Round[] = [];
    for (const [round, region] of ROUNDS.entries()) {
      const rttMs = { 'us-east': 500, 'eu-west': 500, [region]: 1 };
      const session = await meridian.open({ model: model?.model ?? 'gallery', rttMs });
      rounds.push(await progress.step(`round ${round + 1}`, () => killUnder(system, session)));
    }
    return {
      bench: 'failover',
      machine: machineText(),
      figures: [
        over(rounds, 'worker noticed as lost', (each) => each.noticedMs),
        over(rounds, 'client told', (each) => each.toldMs),
        over(rounds, 'next frame, from another worker', (each) => each.nextFrameMs),
      ],
      notShown: [
        'a machine that vanishes without closing its connections',
        'many sessions moving at once',
        'what of the walk is lost: at most the second since the last checkpoint',
      ],
    };
  } finally {
    await system.remove();
  }
}

function over(rounds: readonly Round[], name: string, of: (round: Round) => number): Figure {
  const values = rounds.map(of);
  const spread = [Math.min(...values), Math.max(...values)] as const;
  return { name, unit: 'ms', value: percentile(values, 0.5), spread };
}
