// The sessions of one worker: who is served, at which epoch, and what is said of them.
//
// L1. Sessions never take more than the slots. L2. Each is served at the highest epoch seen. L4. Nothing here asks anybody: the
// engine goes on with every other process away. M1. An ended session is reported until its end is acknowledged.
import { NoticeKind, type Action, type FrameFormat } from '@meridian/protocol';
import type { SessionReport } from '@meridian/protocol/worker';
import { readAction } from '@meridian/world-model';
import type { Clock } from '../clock.ts';
import { refusal, type Refusal } from '../refusal.ts';
import { admit, type House } from './admission.ts';
import { refusalOfCheckpoint } from './checkpoints.ts';
import { EpochMemory } from './epoch-memory.ts';
import { originOf } from './origin.ts';
import type { AttachRequest, ClientStream, EngineEvents, SteppingModel } from './ports.ts';
import { Quarantine } from './quarantine.ts';
import { reportOf } from './reports.ts';
import { Scheduler } from './scheduler.ts';
import { Session } from './session.ts';
import { WorldCopies } from './world-copies.ts';
import { Worlds } from './worlds.ts';

export interface EnginePorts {
  readonly clock: Clock;
  readonly model: SteppingModel;
  /** Sessions of one slot served at once. */
  readonly slots: number;
  /** Sessions stepped in one batch. */
  readonly batchMax: number;
  readonly events: EngineEvents;
}

export type Attached =
  | { readonly kind: 'attached'; readonly session: Session }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Ended =
  | { readonly kind: 'ended'; readonly report: SessionReport }
  | { readonly kind: 'unknown' }
  /** Served at a higher epoch than the caller knows. */
  | { readonly kind: 'fenced'; readonly epoch: number };

const TAKEN_OVER = refusal(
  'ABORTED',
  'taken_over',
  'A newer stream of the same client took the session over.',
);
const MOVED_ON = refusal('ABORTED', 'epoch_fenced', 'The session has moved on to a higher epoch.');
const DRAINING = refusal('UNAVAILABLE', 'worker_draining', 'The worker takes no new sessions.');
const QUARANTINED = refusal('UNAVAILABLE', 'worker_quarantined', 'The model of the worker keeps failing.');

export class Engine {
  readonly #ports: EnginePorts;
  readonly #intervalUs: number;
  readonly #scheduler: Scheduler;
  readonly #epochs = new EpochMemory();
  readonly #quarantine = new Quarantine();
  readonly #live = new Map<string, Session>();
  readonly #copies: WorldCopies;
  /** Checkpoint, restore and fork of live sessions. */
  readonly worlds: Worlds;
  #ended: readonly Session[] = [];
  #terminating = false;
  #draining = false;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#intervalUs = 1_000_000 / ports.model.description.framesPerSecond;
    this.#scheduler = new Scheduler({
      clock: ports.clock,
      model: ports.model,
      intervalUs: this.#intervalUs,
      batchMax: ports.batchMax,
      events: ports.events,
      sessions: () => this.#live.values(),
      end: (session, reason, detail) => this.#end(session, reason, detail),
    });
    this.#copies = new WorldCopies(ports.clock, ports.slots);
    this.worlds = new Worlds({
      model: ports.model,
      live: this.#live,
      copies: this.#copies,
      closed: () => this.#closed(),
    });
  }

  /** Sessions the worker can serve now. */
  get slots(): number {
    return this.#terminating || this.quarantined ? 0 : this.#ports.slots;
  }

  get draining(): boolean {
    return this.#draining || this.#terminating;
  }

  get sessions(): readonly Session[] {
    return [...this.#live.values()];
  }

  get quarantined(): boolean {
    return this.#quarantine.closed || !this.#ports.model.usable;
  }

  attach(request: AttachRequest, stream: ClientStream): Attached {
    const admission = admit(request, this.#houseFor(request));
    switch (admission.kind) {
      case 'refuse':
        return { kind: 'refused', refusal: admission.refusal };
      case 'resume':
        return this.#open(admission.session, stream, NoticeKind.RESUMED);
      case 'move':
        return this.#start(request, stream, admission.session);
      case 'start':
        return this.#start(request, stream);
    }
  }

  /** Takes an action for the session's next step, unless it is older than the one in force. Answers why it is refused. */
  act(session: Session, stream: ClientStream, message: Action): Refusal | undefined {
    const reading = readAction(message, this.#ports.model.description.actions);
    if (reading.kind === 'refused') {
      return refusal('INVALID_ARGUMENT', 'malformed_action', `${reading.field}: ${reading.message}`);
    }
    if (session.stream === stream) {
      session.act({
        seq: message.seq,
        values: reading.values,
        message,
        receivedUs: this.#ports.clock.nowUs(),
      });
    }
    return undefined;
  }

  /** How the session's frames look from the next one on. The format is known to be one that the worker can make. */
  formatFrames(session: Session, stream: ClientStream, format: FrameFormat): void {
    if (session.stream === stream) session.formatFrames(format);
  }

  /** The stream has closed without an end: the session is held for its client. */
  detach(session: Session, stream: ClientStream): void {
    if (session.stream !== stream) return;
    session.hold(this.#ports.clock.nowUs());
    this.#changed();
  }

  /** Ends a session for good. An empty reason: it moved on, and only this worker's part in it is over. */
  end(sessionId: string, epoch: number, reason: string, detail = ''): Ended {
    const session = this.#live.get(sessionId);
    if (session !== undefined && session.epoch > epoch) return { kind: 'fenced', epoch: session.epoch };
    if (session !== undefined) {
      if (reason === '') this.#leaveEpoch(session);
      else this.#end(session, reason, detail);
      return { kind: 'ended', report: this.#report(session) };
    }
    this.#epochs.note(sessionId, epoch, true);
    this.#copies.drop(sessionId);
    const before = this.#ended.findLast((ended) => ended.id === sessionId);
    return before === undefined ? { kind: 'unknown' } : { kind: 'ended', report: this.#report(before) };
  }

  /** Live sessions, and ended ones whose end was not acknowledged; the oldest first. */
  reports(endedMax: number): SessionReport[] {
    return [...this.#live.values(), ...this.#ended.slice(0, endedMax)].map((session) =>
      this.#report(session),
    );
  }

  /** The ends among these reports are recorded durably where it matters: forget the sessions. */
  acknowledge(sessionIds: readonly string[], reported: readonly SessionReport[]): void {
    const acknowledged = new Set(sessionIds);
    const keys = new Set(
      reported
        .filter(({ sessionId }) => acknowledged.has(sessionId))
        .map(({ sessionId, epoch }) => keyOf(sessionId, epoch)),
    );
    this.#ended = this.#ended.filter((session) => !keys.has(keyOf(session.id, session.epoch)));
  }

  /** While it drains the worker takes no new sessions; those it has go on. */
  drain(draining: boolean): void {
    if (this.#draining === draining) return;
    this.#draining = draining;
    if (draining) this.#copies.clear();
    this.#ports.events.changed();
  }

  /** No new sessions and no slots from now on: the process is about to end. */
  beginTermination(): void {
    this.#terminating = true;
    this.#copies.clear();
  }

  /** Every client is sent away with its newest checkpoint, so that its gateway finds it another worker. */
  sendEveryoneAway(): void {
    const nowUs = this.#ports.clock.nowUs();
    const { model, version } = this.#ports.model.description;
    for (const session of this.#live.values()) {
      const { stream } = session;
      if (stream === undefined) continue;
      const checkpoint = session.checkpoint(model, version);
      session.hold(nowUs);
      stream.close({ kind: 'refused', refusal: DRAINING, checkpoint });
    }
    this.#scheduler.stop();
  }

  #houseFor({ grant: { sessionId }, checkpoint }: AttachRequest): House {
    return {
      nowMs: this.#ports.clock.nowUs() / 1_000,
      session: this.#live.get(sessionId),
      seen: this.#epochs.get(sessionId),
      freeSlots: this.sessions.reduce((free, { width }) => free - width, this.#ports.slots),
      closed: this.#closed(),
      unusableCheckpoint: checkpoint && refusalOfCheckpoint(checkpoint, this.#ports.model),
    };
  }

  #closed(): Refusal | undefined {
    if (this.quarantined) return QUARANTINED;
    return this.draining ? DRAINING : undefined;
  }

  /** `before`: the session at a lower epoch, which it leaves. */
  #start(request: AttachRequest, stream: ClientStream, before?: Session): Attached {
    const { grant, clientKey, traceId } = request;
    const origin = originOf(request, before, this.#copies.take(grant.sessionId), this.#ports.model);
    const session = new Session({
      grant,
      clientKey,
      traceId,
      origin,
      startedUs: this.#ports.clock.nowUs(),
      intervalUs: this.#intervalUs,
    });
    if (before !== undefined) this.#leaveEpoch(before);
    this.#live.set(session.id, session);
    this.#epochs.note(session.id, session.epoch, false);
    return this.#open(session, stream, origin.notice);
  }

  #open(session: Session, stream: ClientStream, kind: NoticeKind): Attached {
    const before = session.attach(stream, this.#ports.clock.nowUs());
    before?.close({ kind: 'refused', refusal: TAKEN_OVER });
    stream.notice(session.notice(kind));
    this.#changed();
    return { kind: 'attached', session };
  }

  #end(session: Session, reason: string, detail: string): void {
    if (session.activity === 'ended') return;
    const { stream } = session;
    const notice = session.notice(NoticeKind.ENDED, reason, detail);
    if (reason === 'model_failed') this.#quarantine.sessionLost(this.#ports.clock.nowUs());
    this.#retire(session, reason);
    stream?.close({ kind: 'ended', notice });
  }

  /** The session goes on at a higher epoch: what it used at this one is reported, its client is not told of an end. */
  #leaveEpoch(session: Session): void {
    const { stream } = session;
    this.#retire(session, 'worker_lost');
    stream?.close({ kind: 'refused', refusal: MOVED_ON });
  }

  #retire(session: Session, reason: string): void {
    session.end(reason, this.#ports.clock.nowUs());
    this.#live.delete(session.id);
    this.#epochs.note(session.id, session.epoch, true);
    this.#ended = [...this.#ended, session];
    const { id: sessionId, traceId, epoch } = session;
    this.#ports.events.ended({ sessionId, traceId, epoch, reason });
    this.#changed();
  }

  #changed(): void {
    this.#ports.events.changed();
    this.#scheduler.wake();
  }

  #report(session: Session): SessionReport {
    return reportOf(session, this.#ports.clock.nowUs());
  }
}

function keyOf(sessionId: string, epoch: number): string {
  return `${sessionId} ${epoch}`;
}
