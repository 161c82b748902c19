// Actions go out at most 60 a second. Between two slots the newest call replaces the one that waits (an action holds
// until it is replaced, so nothing is lost), except that text which was not sent yet is kept. After a reconnect the
// newest action is sent again under a new number: the worker may be another one.
import { PlayRequest } from '@meridian/protocol';
import type { Clock } from './clock.ts';
import { MeridianError } from './errors.ts';

/** What the user does from now on. Everything left out is released. */
export interface ActionInput {
  /** Names of the buttons held down, such as `sprint`: at most 32, each at most 32 bytes. */
  readonly buttons?: readonly string[];
  /** Axes by name in [-1, 1] (clamped), such as `forward`, `strafe`, `yaw`: at most 32. */
  readonly axes?: Readonly<Record<string, number>>;
  /** At most 4,096 bytes; for models that take text. */
  readonly text?: string;
}

interface Waiting {
  readonly input: ActionInput;
  /** Client clock of the oldest call that waits, Unix ms. */
  readonly madeAtMs: number;
}

interface SenderPorts {
  readonly clock: Clock;
  /** False when the stream cannot take a message now. */
  readonly write: (bytes: Uint8Array) => boolean;
  /** `madeAtMs` of the oldest call in it and `sentAtMs`, client clock, Unix ms. */
  readonly onSent: (seq: number, madeAtMs: number, sentAtMs: number) => void;
}

export const ACTION_INTERVAL_MS = 1_000 / 60;

const ENCODER = new TextEncoder();

export class ActionSender {
  readonly #ports: SenderPorts;
  #waiting: Waiting | undefined;
  #newest: ActionInput | undefined;
  #seq = 0;
  #lastSentAtMs = -Infinity;
  #cancelSlot: (() => void) | undefined;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
  }

  /** The number that the action goes out under. Throws MeridianError `invalid_action`. */
  send(input: ActionInput): number {
    const checked = checkAction(input);
    const text = checked.text || this.#waiting?.input.text;
    const madeAtMs = this.#waiting?.madeAtMs ?? this.#ports.clock.nowMs();
    this.#waiting = { input: { ...checked, ...(text && { text }) }, madeAtMs };
    this.#newest = checked;
    this.#schedule();
    return this.#seq + 1;
  }

  /** The stream is open (again): what the user holds down is told anew. */
  streamOpened(): void {
    if (this.#waiting === undefined && this.#newest !== undefined) {
      const { buttons = [], axes = {} } = this.#newest;
      this.#waiting = { input: { buttons, axes }, madeAtMs: this.#ports.clock.nowMs() };
    }
    this.#schedule();
  }

  close(): void {
    this.#cancelSlot?.();
    this.#cancelSlot = undefined;
    this.#waiting = undefined;
  }

  #schedule(): void {
    if (this.#waiting === undefined || this.#cancelSlot !== undefined) return;
    const { clock } = this.#ports;
    const dueInMs = this.#lastSentAtMs + ACTION_INTERVAL_MS - clock.nowMs();
    if (dueInMs <= 0) return this.#flush();
    this.#cancelSlot = clock.after(dueInMs, () => {
      this.#cancelSlot = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#waiting === undefined) return;
    const { clock, write, onSent } = this.#ports;
    const nowMs = clock.nowMs();
    const seq = this.#seq + 1;
    if (!write(encodeAction(this.#waiting.input, seq, nowMs))) return;
    this.#seq = seq;
    this.#lastSentAtMs = nowMs;
    onSent(seq, this.#waiting.madeAtMs, nowMs);
    this.#waiting = undefined;
  }
}

function encodeAction(input: ActionInput, seq: number, nowMs: number): Uint8Array {
  const value = {
    seq,
    clientTimeUs: Math.round(nowMs * 1_000),
    buttons: [...(input.buttons ?? [])],
    axes: { ...input.axes },
    text: input.text ?? '',
  };
  return PlayRequest.encode({ message: { $case: 'action', value } }).finish();
}

function checkAction({ buttons = [], axes = {}, text }: ActionInput): ActionInput {
  const entries = Object.entries(axes);
  if (buttons.length > 32) throw invalid('An action holds at most 32 buttons.');
  if (entries.length > 32) throw invalid('An action holds at most 32 axes.');
  if (buttons.some((name) => bytes(name) > 32)) throw invalid('The name of a button is at most 32 bytes.');
  if (text !== undefined && bytes(text) > 4_096)
    throw invalid('The text of an action is at most 4,096 bytes.');
  const broken = entries.find(([, value]) => !Number.isFinite(value));
  if (broken) throw invalid(`The axis "${broken[0]}" is not a number.`);
  const clamped = entries.map(([name, value]) => [name, Math.max(-1, Math.min(1, value))] as const);
  return { buttons: [...buttons], axes: Object.fromEntries(clamped), ...(text !== undefined && { text }) };
}

function bytes(text: string): number {
  return ENCODER.encode(text).length;
}

function invalid(detail: string): MeridianError {
  return new MeridianError('invalid_action', detail);
}
