// Who is served: slots, epochs, holds, copies. What is refused is thrown.
import { NoticeKind, type Checkpoint } from '@meridian/protocol';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { Break } from './breaks.ts';
import { checkCheckpoint } from './stub-checks.ts';
import type { StubOutlet } from './stub-outlet.ts';
import { StubRefusal } from './stub-refusal.ts';
import { StubSession, type StubStart } from './stub-session.ts';
import { beginning } from './stub-world.ts';

export interface Opening {
  readonly claims: SessionTokenClaims;
  readonly clientKey: string;
  readonly traceId: string;
  readonly nextFrame: number;
  readonly checkpoint: Checkpoint | undefined;
}

interface Copy {
  readonly checkpoint: Checkpoint;
  readonly untilMs: number;
}

const LEAK_MS = 10_000;

export class StubSessions {
  draining = false;
  readonly live = new Map<string, StubSession>();
  readonly #slots: number;
  readonly #broken: Break | undefined;
  readonly #seen = new Map<string, { epoch: number; ended: boolean }>();
  readonly #copies = new Map<string, Copy>();
  #ended: StubSession[] = [];
  #leaked = 0;

  constructor(slots: number, broken: Break | undefined) {
    this.#slots = slots;
    this.#broken = broken;
  }

  open(opening: Opening, outlet: StubOutlet): StubSession {
    const { sessionId, epoch } = opening.claims;
    this.#fence(sessionId, epoch);
    const before = this.live.get(sessionId);
    if (before && before.clientKey !== opening.clientKey)
      throw new StubRefusal('PERMISSION_DENIED', 'token_reused');
    if (before && epoch <= before.claims.epoch) {
      before.outlet?.close(new StubRefusal('ABORTED', 'taken_over'));
      before.attach(outlet, NoticeKind.RESUMED);
      return before;
    }
    if (before) return this.#move(before, opening, outlet);
    this.#admit(opening);
    const isRestored = opening.checkpoint !== undefined;
    const session = new StubSession(this.#start(opening), this.#broken);
    return this.#take(session, outlet, isRestored ? NoticeKind.MIGRATED : NoticeKind.STARTED);
  }

  detach(session: StubSession, outlet: StubOutlet): void {
    if (session.outlet !== outlet) return;
    if (this.#broken === 'leaks-slots-on-cancel' && session.frames === 0) this.#leak();
    session.detach();
    if (this.#broken === 'holds-for-ever') return;
    const lost = () => session.activity === SessionActivity.HELD && this.end(session, 'client_lost');
    setTimeout(lost, session.claims.holdMs).unref();
  }

  end(session: StubSession, reason: string): SessionReport {
    const { outlet } = session;
    const notice = session.notice(NoticeKind.ENDED, reason);
    this.#retire(session, reason);
    outlet?.send({ $case: 'notice', value: notice });
    outlet?.close();
    return session.report();
  }

  /** A live session for a call that knows this epoch. */
  find(sessionId: string, epoch: number): StubSession {
    const session = this.live.get(sessionId);
    if (session === undefined) throw new StubRefusal('NOT_FOUND', 'unknown_session');
    if (epoch < session.claims.epoch) throw new StubRefusal('FAILED_PRECONDITION', 'epoch_fenced');
    return session;
  }

  noteEnded(sessionId: string, epoch: number): void {
    this.#seen.set(sessionId, { epoch, ended: true });
  }

  fork(session: StubSession, forkSessionId: string, claimMs: number): void {
    if (this.live.has(forkSessionId)) throw new StubRefusal('ALREADY_EXISTS', 'already_served');
    if (claimMs > 600_000) throw new StubRefusal('INVALID_ARGUMENT', 'malformed_request');
    const nowMs = performance.now();
    for (const [id, { untilMs }] of this.#copies) if (untilMs < nowMs) this.#copies.delete(id);
    if (this.#copies.size >= this.#slots) throw new StubRefusal('RESOURCE_EXHAUSTED', 'forks_full');
    this.#copies.set(forkSessionId, {
      checkpoint: session.checkpoint(),
      untilMs: nowMs + (claimMs || 60_000),
    });
  }

  reports(): SessionReport[] {
    const reports = [...this.live.values(), ...this.#ended].map((session) => session.report());
    if (this.#broken === 'reports-ends-once') this.#ended = [];
    return reports;
  }

  acknowledge(ids: readonly string[]): void {
    this.#ended = this.#ended.filter(({ claims }) => !ids.includes(claims.sessionId));
  }

  /** One slot for a while, so that the cases after the one that notices are not disturbed. */
  #leak(): void {
    this.#leaked = 1;
    setTimeout(() => (this.#leaked = 0), LEAK_MS).unref();
  }

  #fence(sessionId: string, epoch: number): void {
    const seen = this.#seen.get(sessionId);
    if (seen === undefined || epoch > seen.epoch) return;
    if (epoch < seen.epoch) {
      if (this.#broken === 'serves-old-epochs') return;
      throw new StubRefusal('PERMISSION_DENIED', 'epoch_fenced');
    }
    if (seen.ended) throw new StubRefusal('FAILED_PRECONDITION', 'session_ended');
  }

  #admit({ claims, checkpoint }: Opening): void {
    if (this.draining) throw new StubRefusal('UNAVAILABLE', 'worker_draining');
    if (Date.now() > claims.claimByMs) throw new StubRefusal('UNAUTHENTICATED', 'claim_expired');
    const used = [...this.live.values()].reduce((sum, session) => sum + session.claims.width, this.#leaked);
    const isFull = used + claims.width > this.#slots;
    if (isFull && this.#broken !== 'has-too-many-slots')
      throw new StubRefusal('RESOURCE_EXHAUSTED', 'slots_full');
    if (checkpoint) checkCheckpoint(checkpoint, this.#broken);
  }

  #start({ claims, clientKey, traceId, nextFrame, checkpoint }: Opening): StubStart {
    const copy = this.#takeCopy(claims.sessionId);
    const from = checkpoint ?? copy;
    const forgets = checkpoint !== undefined && this.#broken === 'forgets-action-on-restore';
    return {
      claims,
      clientKey,
      traceId,
      state: from?.state ?? beginning(),
      frameNumber: Math.max(from?.frameNumber ?? 0, nextFrame - 1),
      action: forgets ? undefined : from?.action,
      seq: checkpoint?.lastActionSeq ?? 0,
      format: from?.format,
      isRestored: from !== undefined,
    };
  }

  #takeCopy(sessionId: string): Checkpoint | undefined {
    const copy = this.#copies.get(sessionId);
    this.#copies.delete(sessionId);
    if (copy === undefined || copy.untilMs < performance.now()) return undefined;
    return this.#broken === 'forks-from-the-beginning'
      ? { ...copy.checkpoint, state: beginning() }
      : copy.checkpoint;
  }

  /** Re-placed at a higher epoch onto the worker that still has it. */
  #move(before: StubSession, { claims, clientKey, traceId }: Opening, outlet: StubOutlet): StubSession {
    const { state, frameNumber, action, seq, format, outlet: old } = before;
    this.#retire(before, 'worker_lost');
    old?.close(new StubRefusal('ABORTED', 'epoch_fenced'));
    const start = { claims, clientKey, traceId, state, frameNumber, action, seq, format, isRestored: false };
    return this.#take(new StubSession(start, this.#broken), outlet, NoticeKind.MIGRATED);
  }

  #take(session: StubSession, outlet: StubOutlet, kind: NoticeKind): StubSession {
    const { sessionId, epoch } = session.claims;
    this.live.set(sessionId, session);
    this.#seen.set(sessionId, { epoch, ended: false });
    session.attach(outlet, kind);
    return session;
  }

  #retire(session: StubSession, reason: string): void {
    session.end(reason);
    this.live.delete(session.claims.sessionId);
    this.noteEnded(session.claims.sessionId, session.claims.epoch);
    this.#ended = [...this.#ended, session];
  }
}
