import type { Action, Checkpoint, FrameFormat, Notice } from '@meridian/protocol';
import type { ModelDescription, StepResult } from '@meridian/world-model';
import type { Refusal } from '../refusal.ts';

/** A model that steps off the event loop. A step that fails or hangs rejects. */
export interface SteppingModel {
  readonly description: ModelDescription;
  /** False when steps can no longer be run at all. */
  readonly usable: boolean;
  initialState(draw: number): Uint8Array;
  /** Why a state from elsewhere cannot be stepped, as a sentence; undefined when it can. Runs on the event loop. */
  stateFault(state: Uint8Array): string | undefined;
  step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult>;
}

/** One frame as the model made it, on its way to a stream. Times in microseconds since the Unix epoch. */
export interface SteppedFrame {
  readonly number: number;
  readonly epoch: number;
  readonly lastActionSeq: number;
  readonly lastActionDevice: number;
  /** 0 before the first action. */
  readonly actionReceivedUs: number;
  /** By the gateway's clock; 0 when it did not say. */
  readonly actionGatewayUs: number;
  readonly dueUs: number;
  readonly stepStartedUs: number;
  readonly stepEndedUs: number;
  readonly rgb: Uint8Array;
  /** What the client asked for; undefined, and a field left at 0: as the worker chooses. */
  readonly format: FrameFormat | undefined;
  /** To be called when the frame is handed to the transport; a frame that gives way to a newer one never is. */
  readonly sent: (atUs: number) => void;
}

export type Closing =
  /** The session is over: the notice says why, then the stream ends with OK. */
  | { readonly kind: 'ended'; readonly notice: Notice }
  /** The stream is over, the session perhaps not; a last checkpoint goes first when there is one. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly checkpoint?: Checkpoint };

/** The way to one client. Nothing here waits: a slow reader loses frames, never holds the engine up. */
export interface ClientStream {
  /** Its client does not keep up, and is sent less. */
  readonly slowed: boolean;
  notice(notice: Notice): void;
  frame(frame: SteppedFrame): void;
  checkpoint(checkpoint: Checkpoint): void;
  /** The session had better find another worker, within this time; 0: whenever it can. */
  draining(withinMs: number): void;
  /** Nothing is sent after this. */
  close(closing: Closing): void;
}

/** What the session token lets its bearer do. */
export interface Grant {
  readonly sessionId: string;
  readonly epoch: number;
  /** Slots that the session takes. */
  readonly width: number;
  readonly claimByMs: number;
  readonly holdMs: number;
  readonly idleMs: number;
  readonly maxDurationMs: number;
  /** Active time that is paid for at this epoch, ms; undefined: no limit. */
  readonly creditMs?: number | undefined;
}

export interface AttachRequest {
  readonly grant: Grant;
  readonly clientKey: string;
  readonly traceId: string;
  /** Where to go on when this worker does not serve the session yet. */
  readonly checkpoint?: Checkpoint;
  /** The gateway has relayed every frame below this one. */
  readonly nextFrameNumber?: number;
}

/** What a gateway adds to a client's message. */
export interface Stamp {
  /** 0 is the session's owner. */
  readonly device: number;
  /** When the gateway got it, by its own clock; 0 when it does not say. */
  readonly gatewayUs: number;
}

/** The action that a session's steps see until a newer one replaces it. */
export interface ActionInForce {
  readonly device: number;
  /** Of the device's own. */
  readonly seq: number;
  /** The model's inputs. */
  readonly values: Float32Array;
  /** As the client sent it, for checkpoints. */
  readonly message: Action | undefined;
  readonly receivedUs: number;
  /** By the gateway's clock; 0 when it did not say. */
  readonly gatewayUs: number;
}

/** A frame that was handed to the transport. */
export interface SentFrame {
  readonly late: boolean;
  readonly dueToSentMs: number;
  readonly stepToSentMs: number;
}

export interface EndedSession {
  readonly sessionId: string;
  readonly traceId: string;
  readonly epoch: number;
  readonly reason: string;
  /** Its final counters and when they were 0, which the log keeps even if nobody hears the report. */
  readonly startedUs: number;
  readonly activeMs: number;
  readonly frames: number;
}

/** What the engine tells the rest of the process, for heartbeats, logs and metrics. */
export interface EngineEvents {
  /** A session started, was held, resumed or ended: the control plane should hear at once. */
  changed(): void;
  ended(session: EndedSession): void;
  stepped(ms: number, sessions: number): void;
  frameSent(frame: SentFrame): void;
  skipped(frames: number): void;
  /** The model began to pull this many sessions back. */
  reanchored(sessions: number): void;
  modelFault(error: unknown, sessionIds: readonly string[]): void;
}
