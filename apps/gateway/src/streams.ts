// The streams of this gateway: who is let in, how many there are, and how they all end when the process does.
import { status } from '@grpc/grpc-js';
import { StatusError, type Status } from '@meridian/worker-client';
import type { ClientStream } from './relay/client-stream.ts';
import { Relay, type RelayDeps } from './relay/relay.ts';
import { admit, type Credentials, type Ticket } from './token/admit.ts';
import type { KeySet } from './token/key-set.ts';

export interface StreamsOptions {
  readonly region: string;
  readonly keys: KeySet;
  readonly relay: RelayDeps;
  /** Streams open at once, at most. */
  readonly streamsMax: number;
}

export type Transport = 'websocket' | 'grpc';

const STOPPING: Status = {
  code: status.UNAVAILABLE,
  message: 'This gateway is stopping; connect again.',
  meridianCode: 'gateway_stopping',
};

export class Streams {
  readonly #options: StreamsOptions;
  readonly #open = new Map<Relay, Promise<void>>();
  #isStopping = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Why no stream can be taken now, as a sentence. */
  get notReady(): string | undefined {
    if (this.#isStopping) return STOPPING.message;
    return this.#options.keys.isLoaded ? undefined : 'There are no keys to check session tokens with yet.';
  }

  /** Throws `StatusError`, those of `token/admit.ts` and `too_many_streams`, `gateway_stopping`. */
  async admit(credentials: Credentials): Promise<Ticket> {
    try {
      this.#checkRoom();
      return await admit(credentials, this.#options.keys, this.#options.region);
    } catch (error) {
      if (error instanceof StatusError) this.#count(error.status);
      throw error;
    }
  }

  /** Carries an admitted client's stream to its end. */
  async run(client: ClientStream, ticket: Ticket, transport: Transport): Promise<void> {
    const relay = new Relay(this.#options.relay, client, ticket);
    if (this.#isStopping) relay.end(STOPPING);
    const done = this.#carry(relay, ticket, transport);
    this.#open.set(relay, done);
    await done.finally(() => this.#open.delete(relay));
  }

  /** Tells every client to connect again, and resolves when all were told. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const relay of this.#open.keys()) relay.end(STOPPING);
    await Promise.all(this.#open.values());
  }

  async #carry(relay: Relay, { place, trace }: Ticket, transport: Transport): Promise<void> {
    const { metrics, logger } = this.#options.relay;
    const { sessionId, workerId, epoch } = place.claims;
    const log = logger.child({ traceId: trace.traceId, sessionId, workerId, epoch, transport });
    log.info('stream opened');
    metrics.streamOpened(transport);
    const openedAtMs = performance.now();
    const end = await relay.run();
    metrics.streamClosed(transport);
    this.#count(end);
    const { code, message, meridianCode } = end;
    log.info(
      { code, meridianCode, why: message, openMs: Math.round(performance.now() - openedAtMs) },
      'stream closed',
    );
  }

  #checkRoom(): void {
    if (this.#isStopping) throw new StatusError(STOPPING.code, STOPPING.message, STOPPING.meridianCode);
    if (this.#open.size < this.#options.streamsMax) return;
    throw new StatusError(
      status.RESOURCE_EXHAUSTED,
      'This gateway has no room for more streams.',
      'too_many_streams',
    );
  }

  #count({ code, meridianCode }: Status): void {
    if (code !== status.OK) this.#options.relay.metrics.refused(meridianCode ?? status[code].toLowerCase());
  }
}
