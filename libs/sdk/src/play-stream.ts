// Keeps one session's stream open. After a loss the stream is opened again with the same client key, first with the
// same token at once, then with backoff and a fresh token where the control plane answers, until the hold time is
// over. Reconnecting needs no control plane (L4).
import { backoffMs, wait, type Clock } from './clock.ts';
import { MeridianError } from './errors.ts';
import { isHopeless, refusalOf } from './refusals.ts';
import { StreamAttempt, type AttemptEnd, type AttemptPorts } from './stream-attempt.ts';
import { holdMsOf } from './token-claims.ts';
import type { Connection } from './types.ts';

export interface Reconnecting {
  /** 1-based. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly cause: MeridianError;
  /** The session is kept until then: client clock, Unix ms. */
  readonly heldUntilMs: number;
}

export interface PlayStreamPorts extends AttemptPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly clientKey: string;
  /** A fresh connection; undefined when the control plane has none to give or does not answer. Never rejects. */
  readonly refresh: () => Promise<Connection | undefined>;
  readonly onLost: (reconnecting: Reconnecting) => void;
  /** Given up; nothing more comes. */
  readonly onFailed: (error: MeridianError) => void;
}

const RETRY = { firstMs: 100, largestMs: 2_000 };

export class PlayStream {
  readonly #ports: PlayStreamPorts;
  readonly #closed = new AbortController();
  #attempt: StreamAttempt | undefined;
  #failures = 0;
  #heldUntilMs = 0;

  constructor(ports: PlayStreamPorts) {
    this.#ports = ports;
  }

  /** Runs until `close` or `onFailed`; never rejects. */
  async run(first: Connection): Promise<void> {
    let connection = first;
    this.#heldUntilMs = this.#ports.clock.nowMs() + holdMsOf(first.token);
    while (!this.#closed.signal.aborted) {
      this.#attempt = new StreamAttempt(this.#ports, connection, this.#ports.clientKey);
      const end = await this.#attempt.ended;
      if (this.#closed.signal.aborted) return;
      const failure = this.#judge(end, connection);
      if (failure) return this.#ports.onFailed(failure);
      await this.#pause(end);
      if (this.#closed.signal.aborted) return;
      if (this.#failures > 1 || refusalOf(end)) connection = (await this.#ports.refresh()) ?? connection;
    }
  }

  write(bytes: Uint8Array): boolean {
    return this.#attempt?.write(bytes) ?? false;
  }

  close(): void {
    this.#closed.abort();
    this.#attempt?.close();
  }

  /** The error to give up with, or undefined to try again. */
  #judge(end: AttemptEnd, connection: Connection): MeridianError | undefined {
    const nowMs = this.#ports.clock.nowMs();
    if (end.attached) {
      this.#failures = 0;
      this.#heldUntilMs = nowMs + holdMsOf(connection.token);
    }
    this.#failures += 1;
    const refusal = refusalOf(end);
    if (refusal && isHopeless(refusal)) return refusal;
    if (nowMs < this.#heldUntilMs) return undefined;
    return new MeridianError('stream_lost', 'The connection could not be had again within the hold time.', {
      cause: causeOf(end),
    });
  }

  async #pause(end: AttemptEnd): Promise<void> {
    const { clock, random, onLost } = this.#ports;
    const delayMs = backoffMs(RETRY, this.#failures - 1, random);
    onLost({ attempt: this.#failures, delayMs, cause: causeOf(end), heldUntilMs: this.#heldUntilMs });
    await wait(clock, delayMs, this.#closed.signal).catch(() => undefined);
  }
}

function causeOf(end: AttemptEnd): MeridianError {
  const why = end.reason ? `${end.code}, ${end.reason}` : String(end.code);
  return refusalOf(end) ?? new MeridianError('network', `The stream closed (${why}).`);
}
