// What the worker can do, found out before anybody is sent to it: within about a second, and with medians, so that what
// else the machine does in that second matters little.
//
// W1. The batch is the largest that makes no frame dearer and takes no more than a quarter of the deadline. Even where the
//     model itself gains nothing, each step saves two ways between threads; and when several frames are due, the last of
//     them is not later for being stepped with the others.
// W2. Slots are what the time of one frame holds of whole frames - stepped, encoded, sent - less headroom: a frame waits for
//     those that are due just before it, and late frames begin long before the core is full.
import type { Clock } from '../clock.ts';
import { SLOTS_MAX } from '../config.ts';
import type { FrameEncoder } from '../encode/frame-encoder.ts';
import { DEADLINE_US } from '../engine/cadence.ts';
import type { WarmTimes } from '../engine/pace.ts';
import type { SteppingModel } from '../engine/ports.ts';

/** The first steps allocate and are not like those that follow. */
const UNCOUNTED = 4;
const SINGLE_STEPS = 16;
const BATCH_STEPS = 5;
const ROUNDS = 5;
const BATCH_MAX = 256;
/** A quarter of the deadline: while one batch is stepped the next ones wait. */
const BATCH_US_MAX = DEADLINE_US / 4;
/** A frame may seem this much dearer in a batch: five steps on a busy machine tell no better. */
const TOLERANCE = 0.1;
/** As long as a round must take to be told from what else goes on. */
const ROUND_US_MIN = DEADLINE_US;
/** A frame's way from its image into the socket; of grpc-js and node:http2, where sessions share a connection. */
const SEND_US = 200;
const LOAD_MAX = 0.8;

export interface WarmUp extends WarmTimes {
  /** Sessions that the worker can serve within the deadline. */
  readonly slots: number;
  /** Sessions in one step. */
  readonly batchMax: number;
}

interface Ports {
  readonly clock: Clock;
  readonly model: SteppingModel;
  readonly encoder: Pick<FrameEncoder, 'encode'>;
  /** Known beforehand: they are not measured then. */
  readonly slots?: number | undefined;
}

export async function warmUp(ports: Ports): Promise<WarmUp> {
  const { stepMs, encodeMs } = await singles(ports);
  const batchMax = await largestBatch(ports, median(stepMs) * 1_000);
  return { stepMs, encodeMs, batchMax, slots: ports.slots ?? (await measuredSlots(ports, batchMax)) };
}

async function measuredSlots(ports: Ports, batchMax: number): Promise<number> {
  const intervalUs = 1_000_000 / ports.model.description.framesPerSecond;
  const wholeFrameUs = (await frameUs(ports, batchMax)) + SEND_US;
  return Math.min(SLOTS_MAX, Math.max(1, Math.floor((intervalUs * LOAD_MAX) / wholeFrameUs)));
}

async function singles({ clock, model, encoder }: Ports): Promise<WarmTimes> {
  const [stepMs, encodeMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < UNCOUNTED + SINGLE_STEPS; i += 1) {
    const startedUs = clock.nowUs();
    const [rgb] = await step(model, 1);
    const steppedUs = clock.nowUs();
    if (rgb !== undefined) await encoder.encode(rgb, undefined);
    if (i < UNCOUNTED) continue;
    stepMs.push((steppedUs - startedUs) / 1_000);
    encodeMs.push((clock.nowUs() - steppedUs) / 1_000);
  }
  return { stepMs, encodeMs };
}

async function largestBatch({ clock, model }: Ports, singleUs: number): Promise<number> {
  const dearestUs = singleUs * (1 + TOLERANCE);
  let largest = 1;
  for (let batch = 2; batch <= BATCH_MAX; batch *= 2) {
    const tookUs = await medianOf(BATCH_STEPS, clock, () => step(model, batch));
    if (tookUs > BATCH_US_MAX || tookUs / batch > dearestUs) break;
    largest = batch;
  }
  return largest;
}

/** What a frame costs when many are due: batches one after the other, images beside them, as the scheduler does it. */
async function frameUs({ clock, model, encoder }: Ports, batchMax: number): Promise<number> {
  const round = async (sessions: number): Promise<void> => {
    const images: Promise<unknown>[] = [];
    for (let left = sessions; left > 0; left -= batchMax) {
      const frames = await step(model, Math.min(left, batchMax));
      images.push(...frames.map((rgb) => encoder.encode(rgb, undefined)));
    }
    await Promise.all(images);
  };
  let sessions = batchMax;
  while (sessions < SLOTS_MAX && (await medianOf(1, clock, () => round(sessions))) < ROUND_US_MIN) {
    sessions *= 2;
  }
  return (await medianOf(ROUNDS, clock, () => round(sessions))) / sessions;
}

async function step(model: SteppingModel, batch: number): Promise<readonly Uint8Array[]> {
  const still = new Float32Array(model.description.actions.length);
  const states = Array.from({ length: batch }, (_, i) => model.initialState(i / batch));
  return (await model.step(states, Array<Float32Array>(batch).fill(still))).frames;
}

/** Microseconds. */
async function medianOf(times: number, clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const tookUs: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const startedUs = clock.nowUs();
    await work();
    tookUs.push(clock.nowUs() - startedUs);
  }
  return median(tookUs);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
