// Who is served: slots, epochs, holds, copies. What is refused is thrown.
import { NoticeKind, type Checkpoint } from '@meridian/protocol';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { Break } from './breaks.ts';
import { checkCheckpoint } from './stub-checks.ts';
import { StubDevices } from './stub-devices.ts';
import { StubDrain } from './stub-drain.ts';
import type { StubOutlet } from './stub-outlet.ts';
import { StubRefusal } from './stub-refusal.ts';
import { StubSession, type StubStart } from './stub-session.ts';
import { beginning, stepped } from './stub-world.ts';

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

export interface StubSessionsOptions {
  readonly slots: number;
  readonly drainMs: number;
  readonly broken: Break | undefined;
}

export class StubSessions {
  readonly live = new Map<string, StubSession>();
  readonly #slots: number;
  readonly drain: StubDrain;
  readonly #broken: Break | undefined;
  readonly #seen = new Map<string, { epoch: number; ended: boolean }>();
  readonly #copies = new Map<string, Copy>();
  #ended: StubSession[] = [];
  #leaked = 0;

  constructor({ slots, drainMs, broken }: StubSessionsOptions) {
    this.#slots = slots;
    this.drain = new StubDrain({ drainMs, broken, sessions: () => this.live.values() });
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
      if (this.#broken !== 'drains-newcomers-silently') this.drain.tell(before);
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
    const notice = session.notice(NoticeKind.ENDED, { endReason: reason });
    this.#retire(session, reason);
    outlet?.send({ $case: 'notice', value: notice });
    outlet?.close();
    return session.report();
  }

  /** By the control plane; without a reason: it has moved on. */
  stop(session: StubSession, reason: string): void {
    if (reason === '' && this.#broken !== 'ends-moved-sessions') this.#letGo(session);
    else this.end(session, reason);
  }

  handOver(session: StubSession): void {
    this.#letGo(session, this.#broken !== 'hands-over-without-checkpoint');
    if (this.#broken === 'keeps-slots-after-hand-over') this.#leak();
  }

  /** To be called with every step: what has come to its end in time. */
  sweep(): void {
    for (const session of [...this.live.values()]) {
      if (this.drain.isTimeUp) this.#sendAway(session);
      if (session.outlet) this.#tellLimit(session);
    }
  }

  /** Who is still here when it is time. */
  sendEveryoneAway(): void {
    for (const session of this.live.values()) this.#sendAway(session);
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

  /** The session is held. */
  #sendAway(session: StubSession): void {
    const { outlet } = session;
    if (outlet === undefined) return;
    outlet.send({ $case: 'checkpoint', value: session.checkpoint() });
    this.detach(session, outlet);
    outlet.close(new StubRefusal('UNAVAILABLE', 'worker_draining'));
  }

  /** The session goes on at a higher epoch elsewhere. */
  #letGo(session: StubSession, withCheckpoint = true): void {
    const { outlet } = session;
    const { state, ...rest } = session.checkpoint();
    const steps = this.#broken === 'steps-past-its-checkpoint' ? 1 : 0;
    const value = { ...rest, state: steps > 0 ? stepped(state, session.inForce.action) : state };
    this.#retire(session, 'worker_lost');
    this.#seen.set(session.claims.sessionId, { epoch: session.claims.epoch + 1, ended: false });
    if (withCheckpoint) outlet?.send({ $case: 'checkpoint', value });
    outlet?.close(new StubRefusal('UNAVAILABLE', 'handed_over'));
  }

  #tellLimit(session: StubSession): void {
    const word = session.limits.next(session.activeNowMs);
    if (word?.kind === 'over') this.end(session, word.reason);
    if (word?.kind !== 'soon') return;
    const rest = { endReason: word.reason, endsInMs: word.inMs };
    session.outlet?.send({ $case: 'notice', value: session.notice(NoticeKind.ENDING_SOON, rest) });
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
    if (this.drain.isOn) throw new StubRefusal('UNAVAILABLE', 'worker_draining');
    if (Date.now() > claims.claimByMs) throw new StubRefusal('UNAUTHENTICATED', 'claim_expired');
    const used = [...this.live.values()].reduce((sum, session) => sum + session.width, this.#leaked);
    const isFull = used + claims.width > this.#slots;
    if (isFull && this.#broken !== 'has-too-many-slots')
      throw new StubRefusal('RESOURCE_EXHAUSTED', 'slots_full');
    if (checkpoint) checkCheckpoint(checkpoint, this.#broken);
  }

  #start({ claims, clientKey, traceId, nextFrame, checkpoint }: Opening): StubStart {
    const copy = this.#takeCopy(claims.sessionId);
    const from = checkpoint ?? copy;
    const forgets = checkpoint !== undefined && this.#broken === 'forgets-action-on-restore';
    const action = forgets ? undefined : from?.action;
    const { lastActionSeq: seq = 0, actionDevice: device = 0, deviceSeqs = [] } = checkpoint ?? {};
    const others = this.#broken === 'forgets-devices-on-restore' ? [] : deviceSeqs;
    return {
      claims,
      clientKey,
      traceId,
      state: from?.state ?? beginning(),
      frameNumber: Math.max(from?.frameNumber ?? 0, nextFrame - 1),
      inForce: { action, seq, device, gatewayUs: 0 },
      devices: new StubDevices([...others, { device, seq }], this.#broken),
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
    const { state, frameNumber, inForce, devices, format, outlet: old } = before;
    this.#retire(before, 'worker_lost');
    old?.close(new StubRefusal('ABORTED', 'epoch_fenced'));
    const world = { state, frameNumber, inForce, devices, format, isRestored: false };
    const start = { claims, clientKey, traceId, ...world };
    return this.#take(new StubSession(start, this.#broken), outlet, NoticeKind.MIGRATED);
  }

  #take(session: StubSession, outlet: StubOutlet, kind: NoticeKind): StubSession {
    const { sessionId, epoch } = session.claims;
    this.live.set(sessionId, session);
    this.#seen.set(sessionId, { epoch, ended: false });
    session.attach(outlet, kind);
    this.drain.tell(session);
    return session;
  }

  #retire(session: StubSession, reason: string): void {
    session.end(reason);
    this.live.delete(session.claims.sessionId);
    this.noteEnded(session.claims.sessionId, session.claims.epoch);
    this.#ended = [...this.#ended, session];
  }
}
