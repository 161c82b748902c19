// A worker that keeps to the contract, and can be broken in one way: what the suite itself is tried on. Its world needs
// no model, so that it shows in a few hundred lines what any worker has to do.
import { Codec } from '@meridian/protocol';
import type { DescribeResponse, HealthResponse, HeartbeatRequest } from '@meridian/protocol/worker';
import { randomUUID } from 'node:crypto';
import type { Break } from './breaks.ts';
import { StubLink } from './stub-link.ts';
import { startStubServer } from './stub-server.ts';
import { DEADLINE_MS } from './stub-session.ts';
import { StubSessions } from './stub-sessions.ts';
import { STATE_BYTES, STUB_FRAME, STUB_MODEL } from './stub-world.ts';

export interface StubOptions {
  readonly fleetAddress: string;
  readonly secret: string;
  readonly workerId?: string;
  readonly port?: number;
  readonly slots?: number;
  readonly framesPerSecond?: number;
  /** Time that a draining worker gives the gateways. */
  readonly drainMs?: number;
  readonly broken?: Break | undefined;
}

export interface StubWorker {
  readonly address: string;
  /** As on SIGTERM; a second time, as on a second one. */
  close(): Promise<void>;
  /** Lets go of everything at once. */
  kill(): void;
}

const WINDOW_FRAMES = 1_000;

export async function startStub(options: StubOptions): Promise<StubWorker> {
  const { workerId = 'stub-1', slots = 2, framesPerSecond = 25, drainMs = 1_500, broken, secret } = options;
  const sessions = new StubSessions({ slots, drainMs, broken });
  const beganMs = performance.now();
  let [seq, stepped, isLeaving] = [0, 0, false];
  const describe = (): DescribeResponse => ({
    workerId,
    model: STUB_MODEL.model,
    modelVersion: STUB_MODEL.modelVersion,
    frameWidth: STUB_FRAME.width,
    frameHeight: STUB_FRAME.height,
    framesPerSecond,
    actions: [...STUB_MODEL.actions],
    stateBytes: STATE_BYTES,
    slots,
    deadlineMs: DEADLINE_MS,
    codecs: [Codec.JPEG, Codec.RAW_RGB],
    sessionBytesMax: 4_000_000,
    rebuildMs: 0,
  });
  const pace = { p50: 0.5, p95: 1, p99: 2 };
  const health = (): HealthResponse => ({
    stepMs: pace,
    encodeMs: pace,
    frames: Math.min(stepped, WINDOW_FRAMES),
    lateFrames: 0,
    lateShare: broken === 'lies-about-lateness' ? 0.5 : 0,
    sessions: sessions.live.size,
    slots: isLeaving ? 0 : slots,
    draining: sessions.drain.isOn,
    quarantined: false,
    memoryBytes: process.memoryUsage().rss,
    uptimeS: (performance.now() - beganMs) / 1_000,
  });
  const incarnation = randomUUID();
  const heartbeat = (): HeartbeatRequest => {
    if (broken !== 'repeats-heartbeat-seq' || seq === 0) seq += 1;
    const times = { stepMsP50: pace.p50, stepMsP95: pace.p95, stepMsP99: pace.p99 };
    const rest = { encodeMsP50: pace.p50, encodeMsP95: pace.p95, lateShare: 0, ...times };
    return {
      workerId,
      incarnation,
      seq,
      draining: sessions.drain.isOn,
      sessions: sessions.reports(),
      slots: isLeaving ? 0 : slots,
      ...rest,
    };
  };
  const { server, port } = await startStubServer(
    {
      workerId,
      sessions,
      broken,
      secret,
      describe,
      health,
      jwksJson: () => link.jwksJson,
      refreshKeys: () => link.refreshKeys(),
    },
    options.port ?? 0,
  );
  const address = `127.0.0.1:${port}`;
  const registration = {
    workerId,
    incarnation,
    region: 'us-east',
    address,
    gpuType: 'h100',
    gpus: 1,
    purchase: broken === 'is-bought-somehow' ? 'leased' : 'spot',
    get ageMs() {
      return broken === 'never-ages' ? 700 : Math.round(process.uptime() * 1_000);
    },
    describe: describe(),
  };
  const link = new StubLink({ address: options.fleetAddress, secret, registration, heartbeat, sessions });
  const everyMs = 1_000 / (broken === 'is-too-slow' ? 0.7 * framesPerSecond : framesPerSecond);
  const stop = stepEvery(everyMs, () => {
    for (const session of sessions.live.values()) {
      if (session.outlet) stepped += 1;
      session.company = sessions.live.size;
      if (broken === 'mixes-sessions') session.mixedEpoch = [...sessions.live.values()][0]?.claims.epoch;
      void session.step();
    }
    sessions.sweep();
  });
  await link.beat();
  const kill = (): void => {
    stop();
    link.close();
    server.forceShutdown();
  };
  const close = async (): Promise<void> => {
    const ignores = isLeaving ? 'ignores-second-sigterm' : 'ignores-sigterm';
    if (broken === ignores) return new Promise(() => undefined);
    if (isLeaving) return kill();
    isLeaving = true;
    sessions.drain.last();
    await link.beat();
    await sessions.drain.streamsGone();
    stop();
    sessions.sendEveryoneAway();
    await link.beat();
    link.close();
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  };
  return { address, close, kill };
}

/** Keeps to its grid: a late step does not move those after it, and what was missed is skipped. */
function stepEvery(everyMs: number, step: () => void): () => void {
  let dueMs = performance.now();
  let timer: NodeJS.Timeout;
  const run = (): void => {
    step();
    dueMs = Math.max(dueMs + everyMs, performance.now() - everyMs);
    timer = setTimeout(run, Math.max(0, dueMs - performance.now()));
  };
  timer = setTimeout(run, 0);
  return () => clearTimeout(timer);
}
