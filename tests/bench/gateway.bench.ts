// What relaying a frame costs: 100 streams of 25 frames of 20 kB a second through the gateway, and through peers that
// do less, in the same run and in turns.
import { machineText, percentile, progressTo, type BenchResult, type Figure } from '@meridian/embedded';
import { createServer, type AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeControlPlane, SECRET } from '../../apps/gateway/src/testing/fake-control-plane.ts';
import { cpuTimeMs } from './gateway/cpu-time.ts';
import { openStreams, overGrpc, overWebSocket, type OpenStream } from './gateway/load.ts';
import { startGateway, startNginx, startScript, type Relay } from './gateway/relays.ts';

const STREAMS = 100;
const ROUNDS = 3;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 6_000;

interface Turn {
  readonly cpuUsPerFrame: number;
  readonly framesPerSecond: number;
  readonly delayMsP95: number;
}

interface Contender {
  readonly name: string;
  readonly relay: Relay;
  readonly over: (port: number, tokens: readonly string[]) => OpenStream;
  readonly port: number;
  readonly turns: Turn[];
}

export async function run(): Promise<BenchResult> {
  const progress = progressTo(process.stderr);
  const plane = await FakeControlPlane.start();
  const started: Relay[] = [];
  try {
    const source = await startScript('frame-source.ts');
    started.push(source);
    const contenders = await startAll(plane, source, started);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const each of contenders) {
        const users = await tokens(plane, source);
        await progress.step(`${each.name}, round ${round}`, async () =>
          each.turns.push(await measure(each, users)),
        );
      }
    }
    return resultOf(contenders);
  } finally {
    for (const relay of started) relay.close();
    plane.goAway();
  }
}

async function startAll(
  plane: FakeControlPlane,
  source: Relay,
  started: Relay[],
): Promise<readonly Contender[]> {
  const [http, grpc, third] = await freePorts();
  const gateway = await startGateway({
    jwksUrl: plane.jwksUrl,
    controlPlane: plane.grpcAddress,
    secret: SECRET,
    ports: [http, grpc],
  });
  started.push(gateway);
  const pipe = await startScript('bare-pipe.ts', `http://127.0.0.1:${source.port}`);
  started.push(pipe);
  const nginx = await startNginx(source.port, third);
  if (nginx) started.push(nginx);
  return [
    { name: 'gateway, gRPC', relay: gateway, over: overGrpc, port: gateway.grpcPort, turns: [] },
    { name: 'gateway, WebSocket', relay: gateway, over: overWebSocket, port: gateway.port, turns: [] },
    { name: 'bare node:http2 pipe', relay: pipe, over: overGrpc, port: pipe.grpcPort, turns: [] },
    ...(nginx ? [{ name: 'nginx', relay: nginx, over: overGrpc, port: nginx.grpcPort, turns: [] }] : []),
  ];
}

/** New sessions for every turn: the gateway remembers how far an older one had come. */
const tokens = (plane: FakeControlPlane, source: Relay) =>
  Promise.all(
    Array.from({ length: STREAMS }, () =>
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

async function measure({ relay, over, port }: Contender, users: readonly string[]): Promise<Turn> {
  const load = openStreams(STREAMS, over(port, users));
  try {
    await delay(WARM_UP_MS);
    const [frames, cpuMs, startedMs] = [load.frames, cpuTimeMs(relay.pid), performance.now()];
    load.delaysMs = [];
    await delay(MEASURED_MS);
    const [relayed, seconds] = [load.frames - frames, (performance.now() - startedMs) / 1_000];
    return {
      cpuUsPerFrame: ((cpuTimeMs(relay.pid) - cpuMs) * 1_000) / relayed,
      framesPerSecond: relayed / seconds,
      delayMsP95: percentile(load.delaysMs, 0.95),
    };
  } finally {
    load.close();
  }
}

function resultOf(contenders: readonly Contender[]): BenchResult {
  const [grpc, webSocket, ...peers] = contenders;
  if (!grpc || !webSocket) throw new Error('the gateway was not measured');
  const cpu = (turn: Turn) => turn.cpuUsPerFrame;
  return {
    bench: 'gateway',
    machine: machineText(),
    figures: [
      ...peers.flatMap((peer) => [
        figure(`CPU per relayed frame, gRPC, against ${peer.name}`, 'µs', grpc.turns.map(cpu), peer, cpu),
        figure(
          `ratio to ${peer.name}`,
          '',
          grpc.turns.map((turn, at) => cpu(turn) / cpu(peer.turns[at] ?? turn)),
        ),
      ]),
      figure('CPU per relayed frame, WebSocket', 'µs', webSocket.turns.map(cpu)),
      ...[grpc, webSocket, ...peers].flatMap(({ name, turns }) => [
        figure(
          `${name}: encoded to received, p95`,
          'ms',
          turns.map(({ delayMsP95 }) => delayMsP95),
        ),
        figure(
          `${name}: frames received`,
          '1/s',
          turns.map(({ framesPerSecond }) => framesPerSecond),
        ),
      ]),
    ],
    notShown: [
      'the network: source, relay and users share one machine and its cores, which the delays feel',
      'TLS, which ends in front of the gateway',
      'what the gateway does for a slow client or a lost worker; the peers do nothing of it',
      ...(peers.some(({ name }) => name === 'nginx') ? [] : ['nginx: it is not installed here']),
    ],
  };
}

function figure(
  name: string,
  unit: string,
  values: readonly number[],
  peer?: Contender,
  of?: (turn: Turn) => number,
): Figure {
  return {
    name,
    unit,
    value: percentile(values, 0.5),
    spread: [Math.min(...values), Math.max(...values)],
    ...(peer && of ? { peer: { name: peer.name, value: percentile(peer.turns.map(of), 0.5) } } : {}),
  };
}

async function freePorts(): Promise<readonly [number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return (server.address() as AddressInfo).port;
    }),
  );
  for (const server of servers) server.close();
  return ports as unknown as readonly [number, number, number];
}
