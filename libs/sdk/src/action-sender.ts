// Actions go out at most 60 a second. Between two slots the newest call replaces the one that waits (an action holds
// until it is replaced, so nothing is lost), except that text which was not sent yet is kept.
//
// After a reconnect what no frame has shown is sent again under its own number, with its own content: a worker that has
// seen it ignores it, any other takes it now. So nothing is lost and nothing is done twice. Of older actions only those
// with text matter; the newest says what is held.
import { PlayRequest } from '@meridian/protocol';
import { checkAction, type ActionInput } from './action-input.ts';
import type { Clock } from './clock.ts';
import type { SentAction } from './stream-stats.ts';

interface Waiting {
  readonly input: ActionInput;
  /** Client clock of the oldest call that waits, Unix ms. */
  readonly madeAtMs: number;
}

interface Told extends SentAction {
  readonly bytes: Uint8Array;
  readonly hasText: boolean;
}

interface SenderPorts {
  readonly clock: Clock;
  /** False when the stream cannot take a message now. */
  readonly write: (bytes: Uint8Array) => boolean;
  readonly onSent: (action: SentAction) => void;
}

export const ACTION_INTERVAL_MS = 1_000 / 60;
/** Actions with text that no frame has shown yet; more are not sent again. */
const MOST_TEXTS = 32;

export class ActionSender {
  readonly #ports: SenderPorts;
  #waiting: Waiting | undefined;
  /** The newest action sent, and before it those with text that no frame has shown. */
  #told: readonly Told[] = [];
  /** The newest action without its text: what is held. */
  #held: ActionInput = {};
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
    const { text: _said, ...held } = checked;
    this.#held = held;
    this.#schedule();
    return this.#seq + 1;
  }

  /** Says anew what is held: another device's action was in force, and nobody is there to take it back. */
  takeOver(): void {
    this.send(this.#held);
  }

  /** The stream is open (again). */
  streamOpened(): void {
    const { clock, write, onSent } = this.#ports;
    for (const told of this.#told) {
      if (write(told.bytes)) onSent({ ...told, sentAtMs: clock.nowMs() });
    }
    this.#schedule();
  }

  /** A frame has seen our action number `seq`. */
  seen(seq: number): void {
    if (this.#told.length > 1)
      this.#told = this.#told.filter((told) => told.seq > seq || told.seq === this.#seq);
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
    const { input, madeAtMs } = this.#waiting;
    const sentAtMs = clock.nowMs();
    const seq = this.#seq + 1;
    const bytes = encodeAction(input, seq, sentAtMs);
    if (!write(bytes)) return;
    this.#seq = seq;
    this.#lastSentAtMs = sentAtMs;
    this.#waiting = undefined;
    const texts = this.#told.filter(({ hasText }) => hasText).slice(-MOST_TEXTS);
    this.#told = [...texts, { seq, madeAtMs, sentAtMs, bytes, hasText: Boolean(input.text) }];
    onSent({ seq, madeAtMs, sentAtMs });
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
  return PlayRequest.encode({
    device: 0,
    gatewayReceivedUs: 0,
    message: { $case: 'action', value },
  }).finish();
}
