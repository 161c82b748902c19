// The streams of this gateway: who is let in, how many there are, and how they all end when the process does.
import { status } from '@grpc/grpc-js';
import { StatusError, type Status } from '@meridian/worker-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientStream } from './relay/client-stream.ts';
import { DeviceStream } from './relay/device-stream.ts';
import { Relay, type RelayDeps } from './relay/relay.ts';
import { admit, type Credentials, type Ticket } from './token/admit.ts';
import type { KeySet } from './token/key-set.ts';

export interface StreamsOptions {
  readonly region: string;
  readonly keys: KeySet;
  readonly relay: RelayDeps;
  /** Streams open at once, at most. */
  readonly streamsMax: number;
  /** Of these, streams of one session and device: one lives, and some that have not noticed their death. */
  readonly streamsPerTokenMax: number;
}

export type Transport = 'websocket' | 'grpc';

/** A stream of an owner or of a paired device. */
interface Carried {
  run(): Promise<Status>;
  end(reason: Status): void;
}

const STOPPING: Status = {
  code: status.UNAVAILABLE,
  message: 'This gateway is stopping; connect again.',
  meridianCode: 'gateway_stopping',
};

const TOO_MANY_STREAMS: Status = {
  code: status.RESOURCE_EXHAUSTED,
  message: 'This gateway has no room for more streams.',
  meridianCode: 'too_many_streams',
};

const TOO_MANY_CONNECTIONS: Status = {
  code: status.RESOURCE_EXHAUSTED,
  message: 'This session token has too many streams open here.',
  meridianCode: 'too_many_connections',
};

/** Clients of a gateway that stops all dial another one: they are told so over this time, if they are many. */
const STOP_WITHIN_MS = 1_000;
const STOP_STEP_MS = 20;
const STOP_PER_STEP_MIN = 5;
const PROGRESS_EVERY_MS = 500;

export class Streams {
  readonly #options: StreamsOptions;
  readonly #open = new Map<Carried, Promise<void>>();
  /** Open streams by session and device. */
  readonly #byToken = new Map<string, number>();
  #isStopping = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Why no stream can be taken now, as a sentence. */
  get notReady(): string | undefined {
    if (this.#isStopping) return STOPPING.message;
    return this.#options.keys.isLoaded ? undefined : 'There are no keys to check session tokens with yet.';
  }

  /** Throws `StatusError`, those of `token/admit.ts` and `too_many_streams`, `too_many_connections`, `gateway_stopping`. */
  async admit(credentials: Credentials): Promise<Ticket> {
    try {
      this.#checkRoom();
      const ticket = await admit(credentials, this.#options.keys, this.#options.region);
      if (this.#isCrowded(tokenOf(ticket))) throw errorOf(TOO_MANY_CONNECTIONS);
      return ticket;
    } catch (error) {
      if (error instanceof StatusError) this.#count(error.status);
      throw error;
    }
  }

  /** Carries an admitted client's stream to its end. */
  async run(client: ClientStream, ticket: Ticket, transport: Transport): Promise<void> {
    const { relay: deps } = this.#options;
    const isOwner = ticket.place.claims.device === 0;
    const carried = isOwner ? new Relay(deps, client, ticket) : new DeviceStream(deps, client, ticket);
    const token = tokenOf(ticket);
    // Both may have come true since it was admitted.
    if (this.#isStopping) carried.end(STOPPING);
    else if (this.#isCrowded(token)) carried.end(TOO_MANY_CONNECTIONS);
    this.#byToken.set(token, this.#openOf(token) + 1);
    const done = this.#carry(carried, ticket, transport);
    this.#open.set(carried, done);
    await done.finally(() => this.#forget(carried, token));
  }

  /** Tells every client to connect again, and resolves when all were told. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const { logger } = this.#options.relay;
    const tell = (said: string) => logger.info({ streamsLeft: this.#open.size }, said);
    tell('stopping: clients are told to connect again');
    const progress = setInterval(() => tell('stopping'), PROGRESS_EVERY_MS);
    await this.#endAll([...this.#open.keys()]);
    await Promise.all(this.#open.values());
    clearInterval(progress);
    tell('stopped: every client was told');
  }

  async #endAll(all: readonly Carried[]): Promise<void> {
    const steps = STOP_WITHIN_MS / STOP_STEP_MS;
    const perStep = Math.max(STOP_PER_STEP_MIN, Math.ceil(all.length / steps));
    for (let from = 0; from < all.length; from += perStep) {
      if (from > 0) await delay(STOP_STEP_MS);
      for (const carried of all.slice(from, from + perStep)) carried.end(STOPPING);
    }
  }

  async #carry(carried: Carried, { place, trace }: Ticket, transport: Transport): Promise<void> {
    const { metrics, logger } = this.#options.relay;
    const { sessionId, workerId, epoch, device } = place.claims;
    const log = logger.child({ traceId: trace.traceId, sessionId, workerId, epoch, device, transport });
    log.info('stream opened');
    metrics.streamOpened(transport);
    const openedAtMs = performance.now();
    const end = await carried.run();
    metrics.streamClosed(transport);
    this.#count(end);
    const { code, message, meridianCode } = end;
    log.info(
      { code, meridianCode, why: message, openMs: Math.round(performance.now() - openedAtMs) },
      'stream closed',
    );
  }

  #forget(carried: Carried, token: string): void {
    this.#open.delete(carried);
    const left = this.#openOf(token) - 1;
    if (left > 0) this.#byToken.set(token, left);
    else this.#byToken.delete(token);
  }

  #openOf(token: string): number {
    return this.#byToken.get(token) ?? 0;
  }

  #checkRoom(): void {
    if (this.#isStopping) throw errorOf(STOPPING);
    if (this.#open.size >= this.#options.streamsMax) throw errorOf(TOO_MANY_STREAMS);
  }

  #isCrowded(token: string): boolean {
    return this.#openOf(token) >= this.#options.streamsPerTokenMax;
  }

  #count({ code, meridianCode }: Status): void {
    if (code !== status.OK) this.#options.relay.metrics.refused(meridianCode ?? status[code].toLowerCase());
  }
}

const tokenOf = ({ place: { claims } }: Ticket): string => `${claims.sessionId}/${String(claims.device)}`;

const errorOf = ({ code, message, meridianCode }: Status) => new StatusError(code, message, meridianCode);
