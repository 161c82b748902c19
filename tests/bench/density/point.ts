// One point of the curve: so many sessions at once, for long enough that one frame in a hundred can be told.
import type { TokenMint } from '@meridian/conformance';
import { cpuTimeMs } from '../gateway/cpu-time.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { pin, type Cores } from './cores.ts';
import { Crowd } from './crowd.ts';
import { gpuShareDuring } from './gpu.ts';
import { percentileBetween, readHistogram } from './histogram.ts';
import { WorkerProcess } from './worker-process.ts';

const SETTLE_MS = 2_000;
/** 300 frames a session: one that was moved by a whole frame, and counted one short at the edge, still has 24.75 fps. */
const MEASURED_MS = 12_000;
const FRAME_HISTOGRAM = 'meridian_frame_ms';

export const LATE_SHARE_MAX = 0.01;
export const FPS_MIN = 24.75;

export interface Point {
  readonly sessions: number;
  /** From due until handed to the transport, as the worker counts it; NaN when it does not. */
  readonly frameMsP50: number;
  readonly frameMsP99: number;
  /** Between the arrivals of two frames of a session at its client. */
  readonly gapMsP50: number;
  readonly gapMsP99: number;
  readonly lateShare: number;
  /** Of the session that received the fewest. */
  readonly fpsMin: number;
  /** 100 is one core. */
  readonly cpuPercent: number;
  readonly gpuPercent: number | undefined;
  readonly bytesPerFrame: number;
}

export const keepsPace = ({ lateShare, fpsMin }: Point): boolean =>
  lateShare <= LATE_SHARE_MAX && fpsMin >= FPS_MIN;

let points = 0;

export async function measurePoint(
  worker: WorkerProcess,
  mint: TokenMint,
  cores: Cores | undefined,
  sessions: number,
): Promise<Point> {
  points += 1;
  const tokens = await Promise.all(
    Array.from({ length: sessions }, (_, user) =>
      mint.token({ sessionId: `ses_point${points}user${user}`, workerId: WorkerProcess.id }),
    ),
  );
  const crowd = await Crowd.play(worker.port, tokens);
  try {
    if (cores !== undefined) crowd.pids.forEach((pid) => pin(pid, cores.others));
    await delay(SETTLE_MS);
    return await watch(worker, crowd, sessions);
  } finally {
    await crowd.close();
    await worker.clear();
  }
}

async function watch(worker: WorkerProcess, crowd: Crowd, sessions: number): Promise<Point> {
  const [counted, metrics] = [await worker.counters(), await worker.metrics()];
  const [cpuMs, startedMs] = [cpuTimeMs(worker.pid), performance.now()];
  const { result: seen, gpuPercent } = await gpuShareDuring(() => crowd.watch(MEASURED_MS));
  const cpuPercent = (100 * (cpuTimeMs(worker.pid) - cpuMs)) / (performance.now() - startedMs);
  const [after, metricsAfter] = [await worker.counters(), await worker.metrics()];
  const frameMs = (share: number): number =>
    percentileBetween(
      readHistogram(metrics, FRAME_HISTOGRAM),
      readHistogram(metricsAfter, FRAME_HISTOGRAM),
      share,
    );
  return {
    sessions,
    frameMsP50: frameMs(0.5),
    frameMsP99: frameMs(0.99),
    gapMsP50: seen.gapMsP50,
    gapMsP99: seen.gapMsP99,
    lateShare: (after.lateFrames - counted.lateFrames) / (after.frames - counted.frames),
    fpsMin: Math.min(...seen.frames) / (MEASURED_MS / 1_000),
    cpuPercent,
    gpuPercent,
    bytesPerFrame: seen.bytesPerFrame,
  };
}
