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
import { checkpointOf, refusalOfCheckpoint } from './checkpoints.ts';
import { Drain } from './drain.ts';
import { EndedSessions } from './ended-sessions.ts';
import { EpochMemory } from './epoch-memory.ts';
import { originOf } from './origin.ts';
import type { AttachRequest, ClientStream, Closing, EngineEvents, Stamp, SteppingModel } from './ports.ts';
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
const HANDED_OVER = refusal('UNAVAILABLE', 'handed_over', 'The session goes on at another worker.');
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
  readonly #drain: Drain;
  /** Checkpoint, restore and fork of live sessions. */
  readonly worlds: Worlds;
  readonly #ended = new EndedSessions();
  #isOver = false;

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
    this.#drain = new Drain(ports.clock, () => this.#live.values());
    this.worlds = new Worlds({
      model: ports.model,
      live: this.#live,
      copies: this.#copies,
      closed: () => this.#closed(),
    });
  }

  /** Sessions the worker can serve now. */
  get slots(): number {
    return this.#drain.isLast || this.quarantined ? 0 : this.#ports.slots;
  }

  get draining(): boolean {
    return this.#drain.isOn;
  }

  get sessions(): readonly Session[] {
    return [...this.#live.values()];
  }

  get quarantined(): boolean {
    return this.#quarantine.closed || !this.#ports.model.usable;
  }

  attach(request: AttachRequest, stream: ClientStream): Attached {
    if (this.#isOver) return { kind: 'refused', refusal: DRAINING };
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

  /** Takes an action for the session's next step, unless its device has sent a newer one. Answers why it is refused. */
  act(
    session: Session,
    stream: ClientStream,
    message: Action,
    { device, gatewayUs }: Stamp,
  ): Refusal | undefined {
    const reading = readAction(message, this.#ports.model.description.actions);
    if (reading.kind === 'refused') {
      return refusal('INVALID_ARGUMENT', 'malformed_action', `${reading.field}: ${reading.message}`);
    }
    if (session.stream === stream) {
      const { values } = reading;
      const receivedUs = this.#ports.clock.nowUs();
      session.act({ device, seq: message.seq, values, message, receivedUs, gatewayUs });
    }
    return undefined;
  }

  /** How the session's frames look from the next one on. The format is known to be one that the worker can make. */
  formatFrames(session: Session, stream: ClientStream, format: FrameFormat): void {
    if (session.stream === stream) session.formatFrames(format);
  }

  /** The session has a place on another worker, at a higher epoch: what was stepped last is what goes on there. */
  handOver(session: Session, stream: ClientStream): void {
    if (session.stream === stream) this.#handOver(session);
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
      if (reason === '') this.#handOver(session);
      else this.#end(session, reason, detail);
      return { kind: 'ended', report: this.#report(session) };
    }
    if (reason === '') this.#epochs.note(sessionId, epoch + 1, false);
    else this.#epochs.note(sessionId, epoch, true);
    this.#copies.drop(sessionId);
    const before = this.#ended.find(sessionId);
    return before === undefined ? { kind: 'unknown' } : { kind: 'ended', report: this.#report(before) };
  }

  /** Live sessions, and ended ones whose end was not acknowledged; the oldest first. */
  reports(endedMax: number): SessionReport[] {
    return [...this.#live.values(), ...this.#ended.oldest(endedMax)].map((session) => this.#report(session));
  }

  /** The ends among these reports are recorded durably where it matters: forget the sessions. */
  acknowledge(sessionIds: readonly string[], reported: readonly SessionReport[]): void {
    this.#ended.acknowledge(sessionIds, reported);
  }

  /** More of a session may be served, as far as this epoch's active time goes. An epoch that is gone has no use for it. */
  renewCredit(sessionId: string, epoch: number, creditMs: number): void {
    const session = this.#live.get(sessionId);
    if (session?.epoch !== epoch) return;
    if (session.renewCredit(creditMs, this.#ports.clock.nowUs())) this.#scheduler.wake();
  }

  /** While it drains the worker takes no new sessions; those it has go on until their gateways have moved them. */
  drain(draining: boolean): void {
    if (!this.#drain.byOperator(draining)) return;
    if (draining) this.#copies.clear();
    this.#ports.events.changed();
  }

  /** No new sessions and no slots from now on: the process ends within this time. */
  beginTermination(withinMs: number): void {
    this.#drain.last(withinMs);
    this.#copies.clear();
  }

  /** Resolves when the last stream has gone, or the time of `beginTermination` has. */
  streamsGone(): Promise<void> {
    return this.#drain.streamsGone();
  }

  /** Who is still here is sent away for good with its newest checkpoint: its gateway finds it another worker. */
  sendEveryoneAway(): void {
    this.#isOver = true;
    const nowUs = this.#ports.clock.nowUs();
    for (const session of this.#live.values()) {
      const { stream } = session;
      if (stream === undefined) continue;
      const closing = this.#closingWith(DRAINING, session);
      session.hold(nowUs);
      stream.close(closing);
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
    if (before !== undefined) this.#leaveEpoch(before, { kind: 'refused', refusal: MOVED_ON });
    this.#live.set(session.id, session);
    this.#epochs.note(session.id, session.epoch, false);
    return this.#open(session, stream, origin.notice);
  }

  #open(session: Session, stream: ClientStream, kind: NoticeKind): Attached {
    const before = session.attach(stream, this.#ports.clock.nowUs());
    before?.close({ kind: 'refused', refusal: TAKEN_OVER });
    stream.notice(session.notice(kind));
    this.#drain.tell(session);
    this.#changed();
    return { kind: 'attached', session };
  }

  #end(session: Session, reason: string, detail: string): void {
    if (session.activity === 'ended') return;
    const { stream } = session;
    const notice = session.notice(NoticeKind.ENDED, { endReason: reason, detail });
    if (reason === 'model_failed') this.#quarantine.sessionLost(this.#ports.clock.nowUs());
    this.#retire(session, reason);
    stream?.close({ kind: 'ended', notice });
  }

  /** The session goes on at a higher epoch: what it used at this one is reported, its client is not told of an end. */
  #leaveEpoch(session: Session, closing: Closing): void {
    const { stream } = session;
    this.#retire(session, 'worker_lost', 'moved_on');
    this.#epochs.note(session.id, session.epoch + 1, false);
    stream?.close(closing);
  }

  #handOver(session: Session): void {
    this.#leaveEpoch(session, this.#closingWith(HANDED_OVER, session));
  }

  #closingWith(refused: Refusal, session: Session): Closing {
    const checkpoint = checkpointOf(session, this.#ports.model.description);
    return { kind: 'refused', refusal: refused, ...(checkpoint && { checkpoint }) };
  }

  /** `told` is the reason in logs and metrics. */
  #retire(session: Session, reason: string, told = reason): void {
    session.end(reason, this.#ports.clock.nowUs());
    this.#live.delete(session.id);
    this.#epochs.note(session.id, session.epoch, true);
    this.#ended.add(session);
    const { id: sessionId, traceId, epoch, startedUs } = session;
    const { activeMs, frames } = session.read(this.#ports.clock.nowUs());
    this.#ports.events.ended({ sessionId, traceId, epoch, reason: told, startedUs, activeMs, frames });
    this.#changed();
  }

  #changed(): void {
    this.#drain.changed();
    this.#ports.events.changed();
    this.#scheduler.wake();
  }

  #report(session: Session): SessionReport {
    return reportOf(session, this.#ports.clock.nowUs());
  }
}
