// A pool in sums. They are added up once for as long as the pool stays the same value: a placement looks at a thousand
// pools and must not walk ten thousand workers.
import type { WorkerId } from '../ids.ts';
import { slotsNeeded, type PoolSnapshot, type WorkerSnapshot } from './snapshot.ts';

export interface PoolRoom {
  /** Of ready workers. */
  readonly slots: number;
  readonly freeSlots: number;
  readonly readyWorkers: number;
  readonly shapes: readonly Shape[];
  /** Of the pool's id; with a draw it orders equals. */
  readonly hash: number;
}

/** Workers of one kind, ready or not; a session that spans GPUs needs its slots on one of them. */
interface Shape {
  readonly slots: number;
  readonly gpus: number;
  /** Free slots of the emptiest ready worker. */
  freeMost: number;
}

const rooms = new WeakMap<PoolSnapshot, PoolRoom>();

export function roomOf(pool: PoolSnapshot): PoolRoom {
  const known = rooms.get(pool);
  if (known) return known;
  const room = addedUp(pool);
  rooms.set(pool, room);
  return room;
}

function addedUp({ pool, workers }: PoolSnapshot): PoolRoom {
  const shapes: Shape[] = [];
  let [slots, freeSlots, readyWorkers] = [0, 0, 0];
  for (const worker of workers) {
    const shape = shapeIn(shapes, worker);
    if (worker.health !== 'ready') continue;
    const free = freeOf(worker);
    if (free > shape.freeMost) shape.freeMost = free;
    slots += worker.slots;
    freeSlots += free;
    readyWorkers += 1;
  }
  return { slots, freeSlots, readyWorkers, shapes, hash: hashOf(pool) };
}

function shapeIn(shapes: Shape[], { slots, gpus = 1 }: WorkerSnapshot): Shape {
  for (const shape of shapes) if (shape.slots === slots && shape.gpus === gpus) return shape;
  const shape = { slots, gpus, freeMost: 0 };
  shapes.push(shape);
  return shape;
}

/** The pool after `width` slots of one of its workers were taken. */
export function withSlotsTaken(pool: PoolSnapshot, workerId: WorkerId, width: number): PoolSnapshot {
  const at = pool.workers.findIndex((worker) => worker.workerId === workerId);
  const worker = pool.workers[at];
  if (!worker) return pool;
  return { ...pool, workers: pool.workers.with(at, { ...worker, usedSlots: worker.usedSlots + width }) };
}

/**
 * Slots that a session of `gpus` takes on the worker where it takes fewest, of those with the room; `not-now`: none
 * has; `never`: none is large enough, busy or not.
 */
export function fit({ freeSlots, shapes }: PoolRoom, gpus: number | undefined): number | 'not-now' | 'never' {
  if (gpus === undefined) return freeSlots > 0 ? 1 : 'not-now';
  let isLargeEnough = false;
  let fewest = Infinity;
  for (const shape of shapes) {
    const needed = slotsNeeded(gpus, shape);
    if (needed === undefined) continue;
    isLargeEnough = true;
    if (needed <= shape.freeMost) fewest = Math.min(fewest, needed);
  }
  if (fewest < Infinity) return fewest;
  return isLargeEnough ? 'not-now' : 'never';
}

export const freeOf = ({ slots, usedSlots }: Pick<WorkerSnapshot, 'slots' | 'usedSlots'>): number =>
  Math.max(0, slots - usedSlots);

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
