import type { Break } from './breaks.ts';
import type { StubSession } from './stub-session.ts';

interface StubDrainPorts {
  readonly drainMs: number;
  readonly broken: Break | undefined;
  readonly sessions: () => Iterable<StubSession>;
}

/** Who is told that the worker drains, and for how long the end of the process waits. */
export class StubDrain {
  readonly #ports: StubDrainPorts;
  #isOn = false;
  /** By `performance.now()`, once the process is to end. */
  #leaveAtMs = Infinity;

  constructor(ports: StubDrainPorts) {
    this.#ports = ports;
  }

  get isOn(): boolean {
    return this.#isOn;
  }
  get isTimeUp(): boolean {
    return performance.now() >= this.#leaveAtMs;
  }

  byOperator(isOn: boolean): void {
    if (this.#isOn && !isOn && this.#ports.broken !== 'says-a-drain-only-once') this.#forget();
    this.#isOn = isOn;
    this.#tellAll();
  }

  /** For good: streams have so long. */
  last(): void {
    this.#isOn = true;
    this.#leaveAtMs = performance.now() + this.#ports.drainMs;
    this.#forget();
    this.#tellAll();
  }

  tell({ outlet }: StubSession): void {
    if (!this.#isOn || outlet === undefined || outlet.isTold) return;
    outlet.isTold = true;
    const leftMs = Math.max(1, Math.ceil(this.#leaveAtMs - performance.now()));
    outlet.send({ $case: 'draining', value: { withinMs: this.#leaveAtMs < Infinity ? leftMs : 0 } });
  }

  /** Resolves when no stream is left, or when it is time. */
  async streamsGone(): Promise<void> {
    const waits = ({ outlet }: StubSession) =>
      outlet !== undefined || this.#ports.broken === 'waits-for-held-sessions';
    while ([...this.#ports.sessions()].some(waits) && !this.isTimeUp) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #forget(): void {
    for (const { outlet } of this.#ports.sessions()) if (outlet) outlet.isTold = false;
  }

  #tellAll(): void {
    for (const session of this.#ports.sessions()) this.tell(session);
  }
}
