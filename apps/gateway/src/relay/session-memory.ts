// What this gateway remembers of a session beyond one stream, so that a client that comes back with its first token
// after a re-placement is led to the newest worker. Losing it is harmless: a re-placement can be asked for again with
// the same answer, only without a checkpoint. Checkpoints of all sessions together are bounded in bytes; without room
// for a newer one, the older one of the session stays: to go on a little behind is better than to start anew.
import type { Place, Ticket } from '../token/admit.ts';
import { Party } from './party.ts';

export interface Remembered {
  /** The key of the client that the worker let in; undefined until it let one in. */
  clientKey: string | undefined;
  /** The newest place known. */
  place: Place;
  /** The newest Checkpoint that is kept, to restore from on another worker; its bytes never change. */
  checkpoint: Buffer | undefined;
  /** Above the number of every frame relayed so far; 0 before the first. */
  nextFrame: number;
  /** The session has ended, or moved out of our sight: nothing to remember. */
  isOver: boolean;
  /** Its owner's streams and paired devices here. */
  readonly party: Party;
}

export interface MemoryLimits {
  /** How long a session without a stream is remembered; a little more than workers hold it. */
  readonly ttlMs: number;
  /** Sessions without a stream, at most. */
  readonly sessionsMax: number;
  /** Bytes of the checkpoints of all sessions, at most. */
  readonly bytesMax: number;
}

const DEFAULTS: MemoryLimits = { ttlMs: 60_000, sessionsMax: 4_096, bytesMax: 256 * 1024 * 1024 };

interface Slot {
  readonly remembered: Remembered;
  streams: number;
}

export class SessionMemory {
  readonly #limits: MemoryLimits;
  readonly #slots = new Map<string, Slot>();
  /** Sessions without a stream, the one that lost its last stream first; with the time to forget them. */
  readonly #idle = new Map<string, number>();
  #bytes = 0;

  constructor(limits: Partial<MemoryLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  get idleSessions(): number {
    return this.#idle.size;
  }

  /** Of all checkpoints that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Streams of one session share one memory. Pair with `leave`. */
  enter(ticket: Ticket, nowMs: number): Remembered {
    this.#forgetOutdated(nowMs);
    const { sessionId, epoch } = ticket.place.claims;
    const slot = this.#slots.get(sessionId) ?? { remembered: fresh(ticket.place), streams: 0 };
    this.#slots.set(sessionId, slot);
    this.#idle.delete(sessionId);
    slot.streams += 1;
    // Of the same epoch, the token that the client has now is the one that has not expired.
    if (epoch >= slot.remembered.place.claims.epoch) slot.remembered.place = ticket.place;
    return slot.remembered;
  }

  /** What is known of a session that somebody else's stream has brought here. */
  find(sessionId: string): Remembered | undefined {
    return this.#slots.get(sessionId)?.remembered;
  }

  leave(sessionId: string, nowMs: number): void {
    const slot = this.#slots.get(sessionId);
    if (!slot) return;
    slot.streams -= 1;
    if (slot.streams > 0) return;
    if (slot.remembered.isOver || slot.remembered.clientKey === undefined) return this.#forget(sessionId);
    this.#idle.set(sessionId, nowMs + this.#limits.ttlMs);
    this.#forgetOutdated(nowMs);
  }

  /**
   * Keeps a copy of a Checkpoint for a session with a stream, in place of the one before. Sessions without a stream
   * give way to it; false when there is no room all the same.
   */
  keep(session: Remembered, checkpoint: Buffer): boolean {
    const more = checkpoint.length - bytesOf(session);
    for (const sessionId of this.#idle.keys()) {
      if (this.#bytes + more <= this.#limits.bytesMax) break;
      this.#forget(sessionId);
    }
    if (this.#bytes + more > this.#limits.bytesMax) return false;
    this.#bytes += more;
    session.checkpoint = Buffer.from(checkpoint);
    return true;
  }

  #forgetOutdated(nowMs: number): void {
    for (const [sessionId, forgetAtMs] of this.#idle) {
      if (forgetAtMs > nowMs && this.#idle.size <= this.#limits.sessionsMax) return;
      this.#forget(sessionId);
    }
  }

  #forget(sessionId: string): void {
    const slot = this.#slots.get(sessionId);
    if (slot) this.#bytes -= bytesOf(slot.remembered);
    this.#slots.delete(sessionId);
    this.#idle.delete(sessionId);
  }
}

const fresh = (place: Place): Remembered => ({
  clientKey: undefined,
  place,
  checkpoint: undefined,
  nextFrame: 0,
  isOver: false,
  party: new Party(),
});

const bytesOf = ({ checkpoint }: Remembered): number => checkpoint?.length ?? 0;
