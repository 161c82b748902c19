// What this gateway remembers of a session beyond one stream, so that a client that comes back with its first token
// after a re-placement is led to the newest worker. Losing it is harmless: a re-placement can be asked for again with
// the same answer, only without a checkpoint.
import type { Place, Ticket } from '../token/admit.ts';

export interface Remembered {
  /** The key of the client that the worker let in; undefined until it let one in. */
  clientKey: string | undefined;
  /** The newest place known. */
  place: Place;
  /** The newest Checkpoint, to restore from on another worker. */
  checkpoint: Buffer | undefined;
  /** Above the number of every frame relayed so far; 0 before the first. */
  nextFrame: number;
  /** The session has ended, or moved out of our sight: nothing to remember. */
  isOver: boolean;
}

export interface MemoryLimits {
  /** How long a session without a stream is remembered; a little more than workers hold it. */
  readonly ttlMs: number;
  /** Sessions without a stream, at most. */
  readonly sessionsMax: number;
  /** Bytes of their checkpoints, at most. */
  readonly bytesMax: number;
}

const DEFAULTS: MemoryLimits = { ttlMs: 60_000, sessionsMax: 4_096, bytesMax: 64 * 1024 * 1024 };

interface Slot {
  readonly remembered: Remembered;
  streams: number;
}

export class SessionMemory {
  readonly #limits: MemoryLimits;
  readonly #slots = new Map<string, Slot>();
  /** Sessions without a stream, the one that lost its last stream first; with the time to forget them. */
  readonly #idle = new Map<string, number>();
  #idleBytes = 0;

  constructor(limits: Partial<MemoryLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  get idleSessions(): number {
    return this.#idle.size;
  }

  /** Streams of one session share one memory. Pair with `leave`. */
  enter(ticket: Ticket, nowMs: number): Remembered {
    this.#forgetOutdated(nowMs);
    const { sessionId, epoch } = ticket.place.claims;
    const slot = this.#slots.get(sessionId) ?? { remembered: fresh(ticket.place), streams: 0 };
    this.#slots.set(sessionId, slot);
    this.#wake(sessionId, slot);
    slot.streams += 1;
    if (epoch > slot.remembered.place.claims.epoch) slot.remembered.place = ticket.place;
    return slot.remembered;
  }

  leave(sessionId: string, nowMs: number): void {
    const slot = this.#slots.get(sessionId);
    if (!slot) return;
    slot.streams -= 1;
    if (slot.streams > 0) return;
    if (slot.remembered.isOver || slot.remembered.clientKey === undefined) {
      this.#slots.delete(sessionId);
      return;
    }
    this.#idle.set(sessionId, nowMs + this.#limits.ttlMs);
    this.#idleBytes += bytesOf(slot);
    this.#forgetOutdated(nowMs);
  }

  #wake(sessionId: string, slot: Slot): void {
    if (this.#idle.delete(sessionId)) this.#idleBytes -= bytesOf(slot);
  }

  #forgetOutdated(nowMs: number): void {
    for (const [sessionId, forgetAtMs] of this.#idle) {
      const isFull = this.#idle.size > this.#limits.sessionsMax || this.#idleBytes > this.#limits.bytesMax;
      if (forgetAtMs > nowMs && !isFull) return;
      const slot = this.#slots.get(sessionId);
      if (slot) this.#wake(sessionId, slot);
      this.#slots.delete(sessionId);
    }
  }
}

const fresh = (place: Place): Remembered => ({
  clientKey: undefined,
  place,
  checkpoint: undefined,
  nextFrame: 0,
  isOver: false,
});

const bytesOf = ({ remembered }: Slot): number => remembered.checkpoint?.length ?? 0;
