// One client stream from its admission to its end, whatever the transport, and over as many workers as it takes.
// Memory of a stream is bounded: up to 8 requests of 64 KiB, one in parts, and the newest action and format; from the
// worker one message in parts (4 MiB at most); for a slow client two frames and one in the transport. Checkpoints have
// one bound for all streams (session-memory.ts); the one that a new worker restores from is sent without a copy.
import { status } from '@grpc/grpc-js';
import type { Logger } from '@meridian/telemetry';
import { StatusError, statusOf, type Status, type WorkerConnections } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';
import type { Ticket } from '../token/admit.ts';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { ClientStream } from './client-stream.ts';
import { findPlace, type Found } from './find-place.ts';
import type { Fleet } from './fleet.ts';
import { migrating, workerLost } from './notices.ts';
import { Outlet } from './outlet.ts';
import type { Remembered, SessionMemory } from './session-memory.ts';
import { Uplink } from './uplink.ts';
import { WorkerLeg, type LegEnd } from './worker-leg.ts';

export interface RelayDeps {
  readonly workers: WorkerConnections;
  readonly fleet: Fleet;
  readonly memory: SessionMemory;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly readToken: (token: string) => Promise<SessionTokenClaims>;
  readonly limits: RelayLimits;
}

export interface RelayLimits {
  /** A worker's first message may take this long. */
  readonly firstMs: number;
  /** A worker silent for longer is lost. */
  readonly stallMs: number;
  /** A client waits this long for another worker. */
  readonly migrateMs: number;
}

const LAST_WORDS_MS = 1_000;
const CLIENT_GONE: Status = {
  code: status.CANCELLED,
  message: 'The client went away.',
  meridianCode: 'client_gone',
};

export class Relay {
  readonly #deps: RelayDeps;
  readonly #client: ClientStream;
  readonly #ticket: Ticket;
  readonly #outlet: Outlet;
  readonly #uplink: Uplink;
  /** Aborted with the `Status` that ends the stream from our side. */
  readonly #over = new AbortController();
  #migratingSinceMs: number | undefined;

  constructor(deps: RelayDeps, client: ClientStream, ticket: Ticket) {
    this.#deps = deps;
    this.#client = client;
    this.#ticket = ticket;
    this.#outlet = new Outlet(client, deps.metrics);
    this.#uplink = new Uplink(deps.metrics);
  }

  /** Ends the stream with a status, such as when the gateway stops. */
  end(reason: Status): void {
    this.#over.abort(reason);
  }

  /** Relays until the session or the client's stream ends; says so to the client, and answers with how. Never throws. */
  async run(): Promise<Status> {
    const { memory } = this.#deps;
    const { sessionId } = this.#ticket.place.claims;
    this.#client.gone.addEventListener('abort', () => this.end(CLIENT_GONE), { once: true });
    if (this.#client.gone.aborted) this.end(CLIENT_GONE);
    this.#uplink.carry(this.#client.requests).catch((error: unknown) => this.end(statusOf(error)));
    const session = memory.enter(this.#ticket, performance.now());
    const end = await this.#serve(session).catch((error: unknown) => this.#statusOfThrown(error));
    memory.leave(sessionId, performance.now());
    await this.#outlet.drain(LAST_WORDS_MS);
    await this.#client.close(end);
    return end;
  }

  async #serve(session: Remembered): Promise<Status> {
    this.#checkClient(session);
    for (;;) {
      const leg = await this.#runLeg(session);
      this.#over.signal.throwIfAborted();
      if (leg.kind === 'over') return leg.status;
      this.#log(session).warn({ why: leg.why }, 'worker lost');
      if (leg.mayLive) continue;
      const found = await this.#replace(session, leg);
      if (found.kind !== 'placed') return found.status;
      session.place = found.place;
    }
  }

  /** A thief with a copied token must not be led to the newest worker. The worker checks too, but may be new. */
  #checkClient({ clientKey }: Remembered): void {
    if (clientKey === undefined || clientKey === this.#ticket.clientKey) return;
    const message = 'Another client has claimed this session token.';
    throw new StatusError(status.PERMISSION_DENIED, message, 'token_reused');
  }

  async #runLeg(session: Remembered): Promise<LegEnd> {
    const leg = new WorkerLeg(
      {
        workers: this.#deps.workers,
        outlet: this.#outlet,
        uplink: this.#uplink,
        memory: this.#deps.memory,
        metrics: this.#deps.metrics,
        logger: this.#log(session),
      },
      {
        session,
        clientKey: this.#ticket.clientKey,
        trace: this.#ticket.trace,
        isMigration: this.#migratingSinceMs !== undefined,
        limits: this.#deps.limits,
      },
    );
    const end = await leg.run(this.#over.signal);
    if (end.kind === 'over' || end.hadMessages) this.#migratingSinceMs = undefined;
    return end;
  }

  async #replace(session: Remembered, leg: LegEnd & { kind: 'lost' }): Promise<Found> {
    const { fleet, readToken, metrics, limits } = this.#deps;
    const { claims } = session.place;
    if (this.#migratingSinceMs === undefined) {
      this.#migratingSinceMs = performance.now();
      this.#outlet.offer('notice', migrating(claims.epoch, session.nextFrame));
    }
    const giveUpAtMs = this.#migratingSinceMs + limits.migrateMs;
    const found = await findPlace(claims, { fleet, readToken, giveUpAtMs }, this.#over.signal);
    metrics.replacement(found.kind);
    this.#log(session).info({ found: found.kind, why: leg.why }, 'asked for another worker');
    if (found.kind === 'no_slot') this.#outlet.offer('notice', workerLost(claims.epoch, session.nextFrame));
    if (found.kind !== 'placed') session.isOver = found.kind !== 'away';
    return found;
  }

  #statusOfThrown(error: unknown): Status {
    const { reason } = this.#over.signal as { readonly reason: unknown };
    if (this.#over.signal.aborted) return reason as Status;
    const { sessionId } = this.#ticket.place.claims;
    if (!(error instanceof StatusError)) this.#deps.logger.error({ err: error, sessionId }, 'relay failed');
    return statusOf(error);
  }

  #log({ place: { claims } }: Remembered): Logger {
    const { traceId } = this.#ticket.trace;
    const { sessionId, workerId, epoch } = claims;
    return this.#deps.logger.child({ traceId, sessionId, workerId, epoch });
  }
}
