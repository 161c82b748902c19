// M1, M2, M3 under kill -9: workers, gateways, the control plane with its jobs, Redis and PostgreSQL are killed at moments
// that a seed says, under sessions that play; then what is billed is held against what the workers had said themselves.
//
// A worker that is killed cannot say what it had not said. The truth of a session is therefore what its worker had handed
// out: the newest counters in a heartbeat that was answered, or those of its end that it wrote to its own log. What lies
// between the last heartbeat and a kill is billed to nobody: `unheard_ms` says how much that is, and the frames that
// clients got beyond those billed are the witness of it.

import { setTimeout as delay } from 'node:timers/promises';
import {
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  wholeNumber,
  type BenchResult,
} from '@meridian/embedded';
import { Books, differences, truthOf, type Difference } from './metering-chaos/books.ts';
import { HeartbeatTap, keyOf } from './metering-chaos/heartbeat-tap.ts';
import { playRound, whole, type Fleet, type Round } from './metering-chaos/rounds.ts';

export const options = { runs: { type: 'string' }, seed: { type: 'string' } } as const;

const REGIONS = ['us-east', 'eu-west'];
const WORKERS_PER_REGION = 2;
const GATEWAYS_PER_REGION = 2;
const SESSIONS_PER_REGION = 2;
const SETTLED_MS = 60_000;
const LOOK_MS = 500;

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const runs = wholeNumber('--runs', String(values['runs'] ?? 200), 1, 10_000);
  const seed = wholeNumber('--seed', String(values['seed'] ?? 1), 0, 1_000_000_000);
  const progress = progressTo(process.stderr);
  const tap = new HeartbeatTap();
  const beganMs = Date.now();
  const system = await startThrowAway({
    ...{
      progress,
      build: false,
      workersPerRegion: WORKERS_PER_REGION,
      gatewaysPerRegion: GATEWAYS_PER_REGION,
    },
    fleetVia: (controlPlane) => tap.start(controlPlane),
    controlPlaneEnv: { FLUSH_INTERVAL_MS: '1000' },
  });
  const books = new Books(system.databaseUrl);
  try {
    const fleet: Fleet = {
      ...{ system, tap, regions: REGIONS, sessionsPerRegion: SESSIONS_PER_REGION },
      ...{ workersPerRegion: WORKERS_PER_REGION, gatewaysPerRegion: GATEWAYS_PER_REGION },
    };
    const rounds: Round[] = [];
    for (let i = 0; i < runs; i += 1) {
      await whole(fleet);
      const round = await progress.step(`run ${i + 1}, seed ${seed + i}`, () => playRound(fleet, seed + i));
      progress.note(`killed ${round.killed.join(', ')}`);
      rounds.push(round);
    }
    const wrong = await progress.step('everything is billed', () => settled(books, tap, system.data.logs));
    return await resultOf(rounds, wrong, { books, tap, beganMs });
  } finally {
    await books.close();
    await system.remove();
    tap.stop();
  }
}

/** What is wrong still when nothing changes any more. */
async function settled(books: Books, tap: HeartbeatTap, logs: string): Promise<readonly Difference[]> {
  const deadlineMs = performance.now() + SETTLED_MS;
  for (;;) {
    const wrong = differences(truthOf(tap, logs), await books.billed());
    const isOver = wrong.length === 0 && (await books.open()) === 0;
    if (isOver || performance.now() > deadlineMs) return wrong;
    await delay(LOOK_MS);
  }
}

async function resultOf(
  rounds: readonly Round[],
  wrong: readonly Difference[],
  { books, tap, beganMs }: { readonly books: Books; readonly tap: HeartbeatTap; readonly beganMs: number },
): Promise<BenchResult> {
  const billed = await books.billed();
  const sessions = rounds.flatMap((round) => round.sessions);
  const unheardMs = rounds.flatMap((round) => round.unheardMs);
  const conservation = await books.conservation(beganMs);
  const billedMs = [...billed.values()].reduce((sum, { activeMs }) => sum + activeMs, 0);
  const ms = wrong.reduce((sum, difference) => sum + Math.abs(difference.ms), 0);
  for (const { key, ms: by } of wrong) process.stderr.write(`${by} ms off: ${key}${seedOf(rounds, key)}\n`);
  const setAside = await books.setAside();
  if (setAside.length > 0) process.stderr.write(`set aside: ${setAside.join(', ')}\n`);
  return {
    ...{ bench: 'metering-chaos', machine: machineText() },
    figures: [
      { name: 'runs', value: rounds.length, unit: 'runs' },
      { name: 'kills', value: rounds.reduce((sum, { killed }) => sum + killed.length, 0), unit: 'processes' },
      { name: 'sessions', value: sessions.length, unit: 'sessions' },
      { name: 'session_epochs', value: billed.size, unit: 'of sessions' },
      { name: 'billed_ms', value: billedMs, unit: 'ms' },
      { name: 'billed_difference_ms', value: ms, unit: 'ms', bar: { max: 0 } },
      { name: 'duplicates', value: await books.duplicates(), unit: 'segments', bar: { max: 0 } },
      { name: 'gpu_hours', value: conservation.gpuHours, unit: 'added up' },
      {
        ...{ name: 'conservation_difference_nano', value: Number(conservation.differenceNano), unit: 'nano' },
        bar: { max: 0 },
      },
      { name: 'unheard', value: unheardMs.length, unit: 'workers with sessions killed' },
      { name: 'unheard_ms_p50', value: unheardMs.length > 0 ? percentile(unheardMs, 0.5) : 0, unit: 'ms' },
      { name: 'unheard_ms_max', value: Math.max(0, ...unheardMs), unit: 'ms' },
      { name: 'said_unheard_ms', value: saidUnheardMs(tap), unit: 'ms' },
      { name: 'frames_not_billed', value: framesNotBilled(rounds, billed), unit: 'frames' },
      { name: 'lost', value: sessions.filter(({ lost }) => lost).length, unit: 'sessions' },
    ],
    notShown: NOT_SHOWN,
  };
}

const NOT_SHOWN = [
  'hosts that lose power: a process that is killed leaves what it wrote to the kernel, so neither Redis nor PostgreSQL lose what they had answered',
  'what a killed worker had not said yet: it is billed to nobody (unheard_ms: since its last heartbeat; frames_not_billed: what clients saw of it)',
  'hours: a run is minutes long, so few sessions cross one; the cuts there are shown by tests',
];

/** What workers had said that nobody answered before they were killed. */
const saidUnheardMs = ({ said, answered }: HeartbeatTap): number =>
  [...said].reduce((sum, [key, { activeMs }]) => sum + activeMs - (answered.get(key)?.activeMs ?? 0), 0);

function framesNotBilled(rounds: readonly Round[], billed: Awaited<ReturnType<Books['billed']>>): number {
  return rounds
    .flatMap(({ sessions }) => sessions)
    .flatMap(({ session, frames }) =>
      [...Map.groupBy(frames, ({ epoch }) => epoch)].map(([epoch, seen]) => {
        const { frames: paid = 0 } = billed.get(keyOf(session.id, epoch)) ?? {};
        return Math.max(0, seen.length - paid);
      }),
    )
    .reduce((sum, frames) => sum + frames, 0);
}

function seedOf(rounds: readonly Round[], key: string): string {
  const [sessionId] = key.split(' ');
  const round = rounds.find(({ sessions }) => sessions.some(({ session }) => session.id === sessionId));
  return round ? `, seed ${round.seed}, which killed ${round.killed.join(', ')}` : '';
}
