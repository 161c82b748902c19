// Where all devices meet. An intent goes out at once when it changes, and is repeated every 40 ms while something is
// held: a worker aligns its steps to such a beat, and a held key never looks idle.
import type { ActionInput } from '@meridian/sdk';
import { combine, isStill, sameIntent, STILL, toAction, type Intent } from './intent.ts';
import { oweTurn, payTurn } from './turn.ts';

export type Device = 'keyboard' | 'touch' | 'gamepad' | 'sprint';

export const BEAT_MS = 40;

export class Controls {
  readonly #send: (action: ActionInput) => void;
  readonly #intents = new Map<Device, Intent>();
  readonly #polls = new Map<Device, () => Intent | undefined>();
  readonly #onFirst: () => void;
  #owedDeg = 0;
  #yaw = 0;
  #sent: Intent = STILL;
  #used = false;

  /** `onFirst` is called once, at the first intent that moves anything. */
  constructor(send: (action: ActionInput) => void, onFirst: () => void = () => undefined) {
    this.#send = send;
    this.#onFirst = onFirst;
  }

  set(device: Device, intent: Intent): void {
    this.#intents.set(device, intent);
    this.#flush(false);
  }

  /** A turn by `px` to the right, at `degPerPx`; it is paid off over the next beats. */
  look(px: number, degPerPx: number): void {
    this.#owedDeg = oweTurn(this.#owedDeg, px, degPerPx);
  }

  /** Reads a device on every beat; the answer stops that. */
  poll(device: Device, read: () => Intent | undefined): () => void {
    this.#polls.set(device, read);
    return () => {
      this.#polls.delete(device);
      this.set(device, STILL);
    };
  }

  /** Says again what holds, though nothing changed: somebody is there. */
  repeat(): void {
    this.#send(toAction(this.#sent));
  }

  /** Called every `BEAT_MS`. */
  beat(): void {
    for (const [device, read] of this.#polls) this.#intents.set(device, read() ?? STILL);
    const paid = payTurn(this.#owedDeg, BEAT_MS);
    this.#owedDeg = paid.owedDeg;
    this.#yaw = paid.yaw;
    this.#flush(true);
  }

  #flush(onBeat: boolean): void {
    const intent = combine([...this.#intents.values(), { ...STILL, yaw: this.#yaw }]);
    const changed = !sameIntent(intent, this.#sent);
    if (!changed && !(onBeat && !isStill(intent))) return;
    this.#sent = intent;
    this.#send(toAction(intent));
    if (this.#used || isStill(intent)) return;
    this.#used = true;
    this.#onFirst();
  }
}
