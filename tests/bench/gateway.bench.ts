// What relaying a frame costs: 100 streams of 25 frames of 20 kB a second through the gateway, and through C proxies that
// do less, in the same run and in turns; then the gateway's memory.
import {
  Problem,
  machineText,
  percentile,
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
const ROUNDS = 5;
const WARM_UP_MS = 2_000;
/**
 * The first round is for getting warm: everybody's memory, and a program that compiles itself, some of it again when a
 * count of bytes leaves 31 bits, after 20 s.
 */
const FIRST_WARM_UP_MS = 8_000;
const COMPILING_WARM_UP_MS = 30_000;
const MEASURED_MS = 4_000;
const KB = 1_000;

interface Turn {
  readonly cpuUsPerFrame: number;
  readonly framesPerSecond: number;
  readonly delayMsP99: number;
}

/** The turns of each contender by its name. */
type Turns = ReadonlyMap<string, readonly Turn[]>;

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
    for (let round = 0; round <= rounds; round += 1) {
      for (const each of started.contenders) {
        const users = await tokens(control, source, STREAMS);
        await progress.step(`${each.name}, round ${round}`, async () => {
          const turn = await measure(each, users, round === 0 ? firstWarmUpMs(each) : WARM_UP_MS);
          if (round > 0) turns.get(each.name)?.push(turn);
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
      delayMsP99: percentile(load.delaysMs, 0.99),
    };
  } finally {
    load.close();
  }
}

/**
 * Of the gateway to each peer, in the same round, so that what else the machine does meets both. What is added to the
 * p99 is a small difference of large numbers: of that, the ratio of the medians of all rounds is the figure.
 */
function ratios(turns: Turns): readonly Figure[] {
  const direct = turns.get('no relay') ?? [];
  const cpu = ({ cpuUsPerFrame }: Turn) => cpuUsPerFrame;
  const addedP99 = ({ delayMsP99 }: Turn, at: number) => delayMsP99 - (direct[at]?.delayMsP99 ?? 0);
  const ratio = (name: string, of: typeof addedP99, ours: string, peer: string, max?: number): Figure[] => {
    const [own, others] = [turns.get(ours) ?? [], turns.get(peer) ?? []];
    if (own.length === 0 || others.length === 0) return [];
    const [mine, theirs] = [own.map(of), others.map(of)];
    const figure = spread(
      name,
      '',
      mine.map((value, at) => value / (theirs[at] ?? value)),
    );
    const value = of === addedP99 ? percentile(mine, 0.5) / percentile(theirs, 0.5) : figure.value;
    return [{ ...figure, value, ...(max === undefined ? {} : { bar: { max } }) }];
  };
  const [grpc, webSocket] = ['gateway, gRPC', 'gateway, WebSocket'];
  return [
    ...ratio('cpu_ratio_nginx', cpu, grpc, 'nginx', 1),
    ...ratio('cpu_ratio_nginx_tls', cpu, `${grpc}, TLS`, 'nginx, TLS', 1),
    ...ratio('added_p99_ratio_nginx', addedP99, grpc, 'nginx', 1),
    ...ratio('added_p99_ratio_nginx_tls', addedP99, `${grpc}, TLS`, 'nginx, TLS', 1),
    ...ratio('cpu_ratio_haproxy', cpu, grpc, 'HAProxy'),
    ...ratio('cpu_ratio_haproxy_tls', cpu, `${grpc}, TLS`, 'HAProxy, TLS'),
    ...ratio('cpu_ratio_nginx_websocket', cpu, webSocket, 'nginx'),
    ...ratio('cpu_ratio_nginx_websocket_tls', cpu, `${webSocket}, TLS`, 'nginx, TLS'),
    ...ratio('cpu_ratio_bare_http2', cpu, grpc, 'bare node:http2 pipe'),
  ];
}

function absolute(name: string, pid: number | undefined, turns: readonly Turn[]): readonly Figure[] {
  const of = (what: string, unit: string, values: readonly number[]) =>
    spread(`${name}: ${what}`, unit, values);
  const cpu = of(
    'CPU per frame',
    'µs',
    turns.map(({ cpuUsPerFrame }) => cpuUsPerFrame),
  );
  return [
    ...(pid === undefined ? [] : [cpu]),
    of(
      'encoded to received, p99',
      'ms',
      turns.map(({ delayMsP99 }) => delayMsP99),
    ),
    of(
      'frames received',
      '1/s',
      turns.map(({ framesPerSecond }) => framesPerSecond),
    ),
  ];
}

const spread = (name: string, unit: string, values: readonly number[]): Figure => ({
  name,
  unit,
  value: percentile(values, 0.5),
  spread: [Math.min(...values), Math.max(...values)],
});

const notShown = (absent: readonly string[]): readonly string[] => [
  'the network: source, relay and users share one machine and its cores, which the delays feel',
  'handshakes of TLS: streams are open when the measuring begins',
  "the first half minute of a gateway's life, while V8 compiles what is called often",
  'what the gateway does for a slow client, a lost worker or a second device; the peers do nothing of it, nor do they check tokens',
  'peers tuned beyond their defaults, and with more than one thread',
  ...absent.map((name) => `${name}: it is not installed here`),
];
