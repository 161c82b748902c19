// Keeps one session's stream open (L4: no control plane is needed for that).
//
// 1. A stream that breaks, falls silent or is refused by a gateway that cannot serve now is opened at the next gateway
//    at once; a gateway that is being stopped sends many clients away together, so that they spread over 250 ms.
// 2. Once every gateway was tried they are asked in turn, with backoff and jitter, until the hold time is over.
// 3. A refusal that is about the session is met with a fresh token where the control plane gives one in a second; one
//    that is about this client is final.
// 4. The token of the newest place of the session wins, whoever brought it: one of an older place leads to a worker that is
//    not the session's any more.
// 5. A stream that broke within a second counts as a failure: a gateway that takes clients and drops them is no reason
//    to hurry.
import type { PlayResponse } from '@meridian/protocol';
import { backoffMs, wait, type Clock } from './clock.ts';
import { MeridianError } from './errors.ts';
import { GatewayRing, type Loss } from './gateway-ring.ts';
import { isGatewayStopping, isWorthAskingElsewhere, refusalOf } from './refusals.ts';
import { Silence } from './silence.ts';
import { StreamAttempt, isWaiting, type AttemptEnd } from './stream-attempt.ts';
import { epochOf, holdMsOf } from './token-claims.ts';
import type { Connection } from './types.ts';
import type { SocketConstructor } from './web-socket.ts';

export interface Reconnecting {
  /** 1-based. */
  readonly attempt: number;
  /** 0: at once. */
  readonly delayMs: number;
  /** The gateway that is asked next. */
  readonly streamUrl: string;
  readonly cause: MeridianError;
  /** The session is kept until then: client clock, Unix ms. */
  readonly heldUntilMs: number;
}

export interface PlayStreamPorts {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  readonly random: () => number;
  readonly clientKey: string;
  /** The frame number to go on with; undefined before the first frame. */
  readonly nextFrame: () => number | undefined;
  /** Trying again cannot help this client. */
  readonly isFinal: (refusal: MeridianError) => boolean;
  /** A pause was announced: silence means nothing. */
  readonly isMigrating: () => boolean;
  readonly onOpen: () => void;
  readonly onMessage: (message: PlayResponse, bytes: number) => void;
  /** A fresh connection; undefined when the control plane has none to give or does not answer. Never rejects. */
  readonly refresh: () => Promise<Connection | undefined>;
  readonly onLost: (reconnecting: Reconnecting) => void;
  /** Given up; nothing more comes. */
  readonly onFailed: (error: MeridianError) => void;
}

const RETRY = { firstMs: 100, largestMs: 2_000 };
const STOPPING_SPREAD_MS = 250;
const STEADY_MS = 1_000;
const REFRESH_MS = 1_000;
/**
 * A gateway that hangs takes the connection and says nothing; with another one at hand little is waited for at first.
 * Twice as long each time, and with none at hand that did not just fail as well, all the time at once: thousands who all
 * lost their gateway must not dial anew while the next one works through them.
 */
const OPEN_MS = 10_000;
const OPEN_HASTY_MS = 2_500;
/** A gateway gives a worker's first message 5 s before it looks for another worker; while it keeps us waiting it says so. */
const FIRST_MESSAGE_MS = 6_500;
/** A re-placement is tried for 25 s. */
const MIGRATING_MS = 30_000;

export class PlayStream {
  readonly #ports: PlayStreamPorts;
  readonly #closed = new AbortController();
  readonly #silence = new Silence();
  #attempt: StreamAttempt | undefined;
  #token = '';
  #refreshing: Promise<Connection | undefined> | undefined;
  #opened = 0;
  #failures = 0;
  #heldUntilMs = 0;

  constructor(ports: PlayStreamPorts) {
    this.#ports = ports;
  }

  /** How many sockets were opened: messages of two of them came over different gateways or connections. */
  get opened(): number {
    return this.#opened;
  }

  /** Runs until `close` or `onFailed`; never rejects. */
  async run(first: Connection): Promise<void> {
    const ring = new GatewayRing(first);
    let connection = first;
    this.takeToken(first.token);
    this.#heldUntilMs = this.#ports.clock.nowMs() + holdMsOf(first.token);
    while (!this.#closed.signal.aborted) {
      const end = await this.#try(connection, ring);
      if (this.#closed.signal.aborted) return;
      const failure = this.#judge(end);
      if (failure) return this.#ports.onFailed(failure);
      if (isWorthAskingElsewhere(end)) ring.next(lossOf(end), this.#ports.clock.nowMs());
      const fresh = await this.#pause(end, ring);
      if (fresh) {
        connection = fresh;
        this.takeToken(fresh.token);
        ring.learn(fresh);
      }
    }
  }

  /** The session has a token for its next streams; one of an older place is passed over. */
  takeToken(token: string): void {
    if (epochOf(token) >= epochOf(this.#token)) this.#token = token;
  }

  write(bytes: Uint8Array): boolean {
    return this.#attempt?.write(bytes) ?? false;
  }

  close(): void {
    this.#closed.abort();
    this.#attempt?.close();
  }

  async #try(connection: Connection, ring: GatewayRing): Promise<AttemptEnd> {
    const { WebSocket, clock, clientKey, nextFrame, isMigrating, onOpen, onMessage } = this.#ports;
    this.#opened += 1;
    const ports = {
      ...{ WebSocket, clock, onOpen },
      openMs: this.#openMs(ring.hasOther(clock.nowMs())),
      silentMs: (attached: boolean) =>
        isMigrating() ? MIGRATING_MS : attached ? this.#silence.limitMs : FIRST_MESSAGE_MS,
      onMessage: (message: PlayResponse, bytes: number) => {
        if (!isWaiting(message)) this.#silence.heard(clock.nowMs(), isMigrating());
        onMessage(message, bytes);
      },
    };
    this.#attempt = new StreamAttempt(ports, {
      connection: { ...connection, streamUrl: ring.current, token: this.#token },
      ...{ clientKey, nextFrame: nextFrame() },
    });
    const end = await this.#attempt.ended;
    this.#silence.streamEnded(end.timedOut === 'silent');
    return end;
  }

  #openMs(hasOther: boolean): number {
    if (!hasOther) return OPEN_MS;
    return Math.min(OPEN_MS, OPEN_HASTY_MS * 2 ** Math.max(0, this.#failures - 1));
  }

  /** The error to give up with, or undefined to try again. */
  #judge(end: AttemptEnd): MeridianError | undefined {
    const nowMs = this.#ports.clock.nowMs();
    if (end.servedMs !== undefined) this.#heldUntilMs = nowMs + holdMsOf(this.#token);
    if ((end.servedMs ?? 0) >= STEADY_MS) this.#failures = 0;
    this.#failures += 1;
    const refusal = refusalOf(end);
    if (refusal && this.#ports.isFinal(refusal)) return refusal;
    if (nowMs < this.#heldUntilMs) return undefined;
    return new MeridianError('stream_lost', 'The connection could not be had again within the hold time.', {
      cause: causeOf(end),
    });
  }

  /** Waits until the next attempt is due; answers a fresh connection when one was needed and could be had. */
  async #pause(end: AttemptEnd, ring: GatewayRing): Promise<Connection | undefined> {
    const delayMs = this.#delayMs(end, ring.size);
    this.#ports.onLost({
      ...{ attempt: this.#failures, delayMs, streamUrl: ring.current },
      ...{ cause: causeOf(end), heldUntilMs: this.#heldUntilMs },
    });
    const isSessionRefused = refusalOf(end) !== undefined && !isWorthAskingElsewhere(end);
    const refreshed = isSessionRefused || this.#failures > ring.size ? this.#refresh() : undefined;
    // A timer of a hidden tab may take a second, even one of 0 ms.
    if (delayMs > 0) await this.#wait(delayMs);
    return refreshed;
  }

  #delayMs(end: AttemptEnd, gateways: number): number {
    const { random } = this.#ports;
    if (isGatewayStopping(end) && this.#failures <= gateways) return STOPPING_SPREAD_MS * random();
    if (isWorthAskingElsewhere(end) && this.#failures < gateways) return 0;
    return backoffMs(RETRY, Math.max(0, this.#failures - gateways), random);
  }

  /** The control plane may be away or slow, and the token that we have may do: no attempt waits for it long. */
  #refresh(): Promise<Connection | undefined> {
    this.#refreshing ??= this.#ports.refresh().finally(() => (this.#refreshing = undefined));
    return Promise.race([this.#refreshing, this.#wait(REFRESH_MS)]);
  }

  #wait(ms: number): Promise<undefined> {
    return wait(this.#ports.clock, ms, this.#closed.signal).then(
      () => undefined,
      () => undefined,
    );
  }
}

function causeOf(end: AttemptEnd): MeridianError {
  const why = end.reason ? `${end.code}, ${end.reason}` : String(end.code);
  return refusalOf(end) ?? new MeridianError('network', `The stream closed (${why}).`);
}

function lossOf(end: AttemptEnd): Loss {
  if (end.timedOut) return 'hung';
  return refusalOf(end) ? 'refused' : 'broke';
}
