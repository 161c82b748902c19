// What relaying a frame costs: 100 streams of 25 frames of 20 kB a second through the gateway, and through C proxies that
// do less, in the same run and in turns; then the gateway's memory.
import {
  Problem,
  machineText,
  progressTo,
  wholeNumber,
  type BenchResult,
  type Figure,
} from '@meridian/embedded';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeControlPlane, SECRET } from '../../apps/gateway/src/testing/fake-control-plane.ts';
import { freePorts, startContenders, type Contender } from './gateway/contenders.ts';
import { cpuTimeMs } from './gateway/cpu-time.ts';
import { absolute, notShown, ratios, type Turn } from './gateway/figures.ts';
import { openStreams } from './gateway/load.ts';
import { STALLED_CLIENTS, idleStreamBytes, stalledClientsBytes } from './gateway/memory.ts';
import { startGateway, startScript, type Relay } from './gateway/relays.ts';

/** One part alone, for who works on it: `--part plain`, `tls` or `memory`; all of them without. */
export const options = {
  part: { type: 'string', multiple: true },
  rounds: { type: 'string' },
} as const;

const PARTS = ['plain', 'tls', 'memory'] as const;
type Part = (typeof PARTS)[number];

const STREAMS = 100;
const ROUNDS = 8;
const WARM_UP_MS = 2_000;
/**
 * The first rounds are for getting warm: everybody's memory, and a program that compiles itself, some of it again when
 * its first streams have closed and others come.
 */
const WARM_UP_ROUNDS = 2;
const FIRST_WARM_UP_MS = 4_000;
const COMPILING_WARM_UP_MS = 12_000;
const MEASURED_MS = 4_000;
const KB = 1_000;

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const parts = partsOf((values['part'] ?? PARTS) as readonly string[]);
  const rounds = wholeNumber('--rounds', String(values['rounds'] ?? ROUNDS), 1, 100);
  const progress = progressTo(process.stderr);
  const control = await FakeControlPlane.start();
  const plane = { jwksUrl: control.jwksUrl, controlPlane: control.grpcAddress, secret: SECRET };
  const source = await startScript('frame-source.ts');
  const idleSource = await startScript('frame-source.ts', 'idle');
  const kinds = [false, true].filter((isTls) => parts.has(isTls ? 'tls' : 'plain'));
  const started = await startContenders(plane, source, kinds);
  const quiet = { STALL_MS: '600000', FIRST_MESSAGE_MS: '600000' };
  const fresh = await startGateway({ ...plane, ports: await freePorts(), env: quiet });
  try {
    const turns = new Map<string, Turn[]>(started.contenders.map(({ name }) => [name, []]));
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      const isWarmUp = round < 1;
      for (const each of started.contenders) {
        const users = await tokens(control, source, STREAMS);
        await progress.step(`${each.name}, ${isWarmUp ? 'warm-up' : `round ${round}`}`, async () => {
          const turn = await measure(each, users, isWarmUp ? firstWarmUpMs(each) : WARM_UP_MS);
          if (!isWarmUp) turns.get(each.name)?.push(turn);
        });
      }
    }
    const memory = parts.has('memory')
      ? [
          ...(await progress.step('idle streams', () =>
            idle(fresh, (count) => tokens(control, idleSource, count)),
          )),
          ...(await progress.step('stalled clients', () =>
            stalled(fresh, (count) => tokens(control, source, count)),
          )),
        ]
      : [];
    return {
      bench: 'gateway',
      machine: machineText(),
      figures: [
        ...ratios(turns),
        ...memory,
        ...started.contenders.flatMap(({ name, pid }) => absolute(name, pid, turns.get(name) ?? [])),
      ],
      notShown: notShown(started.absent),
    };
  } finally {
    started.close();
    for (const each of [source, idleSource, fresh]) each.close();
    control.goAway();
  }
}

/** New sessions for every turn: the gateway remembers how far an older one had come. */
const tokens = (plane: FakeControlPlane, source: Relay, count: number) =>
  Promise.all(
    Array.from({ length: count }, () =>
      plane.token({
        sessionId: `ses_${randomUUID()}`,
        workerId: 'us-east-1',
        workerAddress: `127.0.0.1:${source.port}`,
        epoch: 1,
        region: 'us-east',
        expiresInS: 3_600,
      }),
    ),
  );

type Tokens = (count: number) => Promise<string[]>;

async function idle(gateway: Relay, users: Tokens): Promise<readonly Figure[]> {
  const bytes = await idleStreamBytes(gateway, users);
  return [{ name: 'memory per idle stream', unit: 'kB', value: bytes / KB, bar: { max: 100 } }];
}

async function stalled(gateway: Relay, users: Tokens): Promise<readonly Figure[]> {
  const { bytesMax, growthBytes } = await stalledClientsBytes(gateway, users);
  return [
    { name: `memory of ${STALLED_CLIENTS} stalled clients, most`, unit: 'kB', value: bytesMax / KB },
    { name: 'its growth from the 3rd to the last quarter', unit: 'kB', value: growthBytes / KB },
  ];
}

function partsOf(wanted: readonly string[]): ReadonlySet<Part> {
  const unknown = wanted.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined)
    throw new Problem(`There is no part "${unknown}"; there are ${PARTS.join(', ')}.`);
  return new Set(wanted as readonly Part[]);
}

const firstWarmUpMs = ({ compilesItself }: Contender) =>
  compilesItself ? COMPILING_WARM_UP_MS : FIRST_WARM_UP_MS;

async function measure(
  { pid, over, target }: Contender,
  users: readonly string[],
  warmUpMs: number,
): Promise<Turn> {
  const load = openStreams(STREAMS, over(target, users));
  const cpuMs = () => (pid === undefined ? 0 : cpuTimeMs(pid));
  try {
    await delay(warmUpMs);
    const [frames, cpuMsBefore, startedMs] = [load.frames, cpuMs(), performance.now()];
    load.delaysMs = [];
    await delay(MEASURED_MS);
    const [relayed, seconds] = [load.frames - frames, (performance.now() - startedMs) / 1_000];
    return {
      cpuUsPerFrame: ((cpuMs() - cpuMsBefore) * 1_000) / relayed,
      framesPerSecond: relayed / seconds,
      delaysMs: load.delaysMs,
    };
  } finally {
    load.close();
  }
}
