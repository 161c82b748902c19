// D1. While the worker drains every stream is told so once, one that opens meanwhile too, so that its gateway finds the
//     session another place; until then the session goes on.
// D2. A drain that is lifted is forgotten: of the next one streams are told anew, and of the end of the process too.
// D3. The end of the process waits for streams, but not for ever. A session whose client is away is not waited for.
import type { Clock } from '../clock.ts';
import type { ClientStream } from './ports.ts';
import type { Session } from './session.ts';

export class Drain {
  readonly #clock: Clock;
  readonly #sessions: () => Iterable<Session>;
  #byOperator = false;
  /** When the process ends, whoever is still here. */
  #leaveByUs: number | undefined;
  #told = new WeakSet<ClientStream>();
  #wake: (() => void) | undefined;

  constructor(clock: Clock, sessions: () => Iterable<Session>) {
    this.#clock = clock;
    this.#sessions = sessions;
  }

  get isOn(): boolean {
    return this.#byOperator || this.isLast;
  }

  /** The process is about to end. */
  get isLast(): boolean {
    return this.#leaveByUs !== undefined;
  }

  /** Answers whether this changes anything. */
  byOperator(drains: boolean): boolean {
    if (this.#byOperator === drains) return false;
    this.#byOperator = drains;
    if (!drains && !this.isLast) this.#told = new WeakSet();
    this.#tellAll();
    return true;
  }

  /** From now on, and for good. */
  last(withinMs: number): void {
    this.#leaveByUs = this.#clock.nowUs() + withinMs * 1_000;
    this.#told = new WeakSet();
    this.#tellAll();
  }

  tell({ stream }: Session): void {
    if (stream === undefined || !this.isOn || this.#told.has(stream)) return;
    this.#told.add(stream);
    stream.draining(this.#withinMs());
  }

  /** Resolves when no stream is left; at the end of its time at the latest, and at once without one. */
  streamsGone(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.at(this.#leaveByUs ?? 0, resolve);
      this.#wake = () => {
        if (this.#hasStreams()) return;
        cancel();
        resolve();
      };
      this.#wake();
    });
  }

  /** A stream may have gone. */
  changed(): void {
    this.#wake?.();
  }

  #tellAll(): void {
    for (const session of this.#sessions()) this.tell(session);
  }

  /** 0: without limit. */
  #withinMs(): number {
    if (this.#leaveByUs === undefined) return 0;
    return Math.max(1, Math.ceil((this.#leaveByUs - this.#clock.nowUs()) / 1_000));
  }

  #hasStreams(): boolean {
    return [...this.#sessions()].some(({ stream }) => stream !== undefined);
  }
}
