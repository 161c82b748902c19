import { setTimeout as delay } from 'node:timers/promises';
import type { MeridianSession, SessionEnd } from '@meridian/sdk';

export interface Played {
  readonly framesReceived: number;
  /** From the first frame received to the last. */
  readonly playedMs: number;
  readonly fps: number;
  readonly firstFrameMs: number;
  readonly actionToFrameMsP50: number;
  readonly actionToFrameMsP95: number;
  /** Frames that were stepped but did not arrive. */
  readonly framesDropped: number;
  readonly region: string;
  readonly end: SessionEnd;
}

const FIRST_FRAME_WITHIN_MS = 20_000;

/**
 * Plays an open session for `playMs` from its first frame, then ends it. Actions come at irregular times, as a
 * person's do: a steady rhythm would let the worker fall into step with it, and flatter the figures.
 * `draw` answers in [0, 1).
 */
export async function playFor(session: MeridianSession, playMs: number, draw: () => number): Promise<Played> {
  const arrivalsMs: number[] = [];
  session.on('frame', () => arrivalsMs.push(performance.now()));
  await firstFrame(session);
  const untilMs = performance.now() + playMs;
  while (performance.now() < untilMs && session.state !== 'ended') {
    session.send({ axes: { forward: 1, yaw: draw() * 2 - 1 } });
    await delay(50 + draw() * 100);
  }
  const { firstFrameMs = NaN, dropped, actionToFrameMs } = session.stats;
  const region = session.region ?? '';
  const end = await session.end();
  const playedMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0);
  return {
    framesReceived: arrivalsMs.length,
    playedMs,
    fps: ((arrivalsMs.length - 1) * 1_000) / playedMs,
    firstFrameMs,
    actionToFrameMsP50: actionToFrameMs.p50 ?? NaN,
    actionToFrameMsP95: actionToFrameMs.p95 ?? NaN,
    framesDropped: dropped,
    region,
    end,
  };
}

/** Resolves when the session plays; rejects when it ends instead, or waits for too long. */
export async function firstFrame(session: MeridianSession): Promise<void> {
  const came = new Promise<void>((resolve) => {
    const stop = session.on('frame', () => {
      stop();
      resolve();
    });
  });
  const ended = session.ended.then(({ reason, detail = '' }) => {
    throw new Error(`The session ended before its first frame: ${reason} ${detail}`);
  });
  const late = delay(FIRST_FRAME_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`No frame came within ${FIRST_FRAME_WITHIN_MS} ms; the session is ${session.state}.`);
  });
  await Promise.race([came, ended, late]);
}

/** A small seeded generator (mulberry32), so that every run plays the same walk. */
export function seededDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
