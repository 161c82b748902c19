// One stream of a session's owner from its admission to its end, whatever the transport, and over as many workers as it
// takes. Memory of a stream is bounded: up to 8 requests of 64 KiB, one in parts, and the newest action of each device
// and format; from the worker one message in parts (4 MiB at most); for a slow client two frames and one in the
// transport, for each device likewise. Checkpoints have one bound for all streams (session-memory.ts); the one that a
// new worker restores from is sent without a copy.
import { status } from '@grpc/grpc-js';
import type { Logger } from '@meridian/telemetry';
import { StatusError, statusOf, type Status, type WorkerConnections } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';
import type { Ticket } from '../token/admit.ts';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Arrivals } from './arrivals.ts';
import type { ClientStream } from './client-stream.ts';
import type { Fleet } from './fleet.ts';
import { HopTimes } from './hop-times.ts';
import type { LegEnd } from './leg-end.ts';
import { Moving, type MovingDeps } from './moving.ts';
import { waiting } from './notices.ts';
import { Outlet } from './outlet.ts';
import { carryRequests } from './requests.ts';
import { seekPlace } from './seek-place.ts';
import type { Remembered, SessionMemory } from './session-memory.ts';
import { Stage } from './stage.ts';
import { CLIENT_GONE, CLIENT_STUCK, LAST_WORDS_MS } from './stream-ends.ts';
import type { Turns } from './turns.ts';
import { Uplink } from './uplink.ts';
import { WorkerLeg } from './worker-leg.ts';

export interface RelayDeps {
  readonly workers: WorkerConnections;
  readonly fleet: Fleet;
  /** Planned moves take turns. */
  readonly turns: Turns;
  readonly arrivals: Arrivals;
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
  readonly actionsPerSecondMax: number;
}

export class Relay {
  readonly #deps: RelayDeps;
  readonly #client: ClientStream;
  readonly #ticket: Ticket;
  readonly #session: Remembered;
  readonly #stage: Stage;
  readonly #moving: Moving;
  /** Aborted with the `Status` that ends the stream from our side. */
  readonly #over = new AbortController();

  constructor(deps: RelayDeps, client: ClientStream, ticket: Ticket) {
    this.#deps = deps;
    this.#client = client;
    this.#ticket = ticket;
    this.#session = deps.memory.enter(ticket, performance.now());
    const { claims } = ticket.place;
    const uplink = new Uplink(deps.metrics);
    const hops = new HopTimes({
      ...{ series: deps.metrics.hops(modelOf(claims)), traceId: ticket.trace.traceId },
      isOurs: uplink.isOurs,
    });
    const outlet = new Outlet({
      ...{ client, metrics: deps.metrics, hops },
      onStuck: () => this.end(CLIENT_STUCK),
    });
    this.#stage = new Stage(this.#session, outlet, uplink);
    this.#moving = new Moving(this.#movingDeps());
  }

  /** Ends the stream with a status, such as when the gateway stops. */
  end(reason: Status): void {
    this.#over.abort(reason);
  }

  /** Relays until the session or the client's stream ends; says so to the client, and answers with how. Never throws. */
  async run(): Promise<Status> {
    const { memory, limits } = this.#deps;
    const { uplink, outlet, party } = this.#stage;
    this.#client.gone.addEventListener('abort', () => this.end(CLIENT_GONE), { once: true });
    if (this.#client.gone.aborted) this.end(CLIENT_GONE);
    carryRequests(
      this.#client.requests,
      { device: 0, role: 'owner', actionsPerSecondMax: limits.actionsPerSecondMax },
      { send: (...request) => uplink.send(...request), remove: (device) => this.#stage.removeDevice(device) },
    ).catch((error: unknown) => this.end(statusOf(error)));
    const end = await this.#serve().catch((error: unknown) => this.#statusOfThrown(error));
    this.#moving.end();
    memory.leave(this.#session.place.claims.sessionId, performance.now());
    party.dismiss(this.#stage, this.#session.isOver ? end : undefined);
    await outlet.drain(LAST_WORDS_MS);
    outlet.close();
    await this.#client.close(end);
    return end;
  }

  async #serve(): Promise<Status> {
    this.#checkClient();
    for (;;) {
      const endTurn = await this.#takeTurn();
      // A dial that is cancelled at once may still take the session over from the stream that has it.
      this.#over.signal.throwIfAborted();
      const leg = await this.#runLeg(endTurn).finally(endTurn);
      this.#over.signal.throwIfAborted();
      if (leg.kind === 'over') return leg.status;
      if (leg.kind === 'handed_over') {
        this.#moving.begin('drain');
        continue;
      }
      this.#log().warn({ why: leg.why }, 'worker lost');
      if (leg.mayLive) continue;
      const end = await this.#moving.replace(leg.why, this.#over.signal);
      if (end) return end;
    }
  }

  /** A thief with a copied token must not be led to the newest worker. The worker checks too, but may be new. */
  #checkClient(): void {
    const { clientKey } = this.#session;
    if (clientKey === undefined || clientKey === this.#ticket.clientKey) return;
    const message = 'Another client has claimed this session token.';
    throw new StatusError(status.PERMISSION_DENIED, message, 'token_reused');
  }

  async #takeTurn(): Promise<() => void> {
    const { arrivals, metrics } = this.#deps;
    const { epoch } = this.#ticket.place.claims;
    metrics.waiting.inc();
    return arrivals
      .take(this.#over.signal, () => this.#stage.outlet.offerNotice(waiting(epoch)))
      .finally(() => metrics.waiting.dec());
  }

  async #runLeg(onLetIn: () => void): Promise<LegEnd> {
    const { workers, memory, metrics, limits } = this.#deps;
    const left = new AbortController();
    const leg: WorkerLeg = new WorkerLeg(
      { workers, memory, metrics, stage: this.#stage, logger: this.#log() },
      {
        session: this.#session,
        clientKey: this.#ticket.clientKey,
        nextFrame: this.#ticket.nextFrame,
        trace: this.#ticket.trace,
        move: this.#moving.now,
        limits: { ...limits, firstMs: Math.min(limits.firstMs, this.#moving.firstMsMax) },
        onLetIn,
        onDraining: () => void this.#seek(leg, left),
      },
    );
    const end = await leg.run(this.#over.signal);
    left.abort();
    this.#moving.legEnded(leg, end);
    return end;
  }

  /** The worker drains and goes on meanwhile; once there is a place, it is to hand over. */
  async #seek(leg: WorkerLeg, left: AbortController): Promise<void> {
    const { fleet, readToken, turns, metrics } = this.#deps;
    const { claims } = this.#session.place;
    metrics.seekingPlace.inc();
    left.signal.addEventListener('abort', () => metrics.seekingPlace.dec(), { once: true });
    try {
      const { place, endTurn } = await seekPlace(claims, { fleet, readToken }, turns, left.signal);
      this.#session.place = place;
      this.#moving.onArrived(endTurn);
      this.#log().info('worker drains; the session is handed over');
      leg.handOver();
    } catch (error) {
      if (!left.signal.aborted) this.#log().error({ err: error }, 'no other place could be sought');
    }
  }

  #movingDeps(): MovingDeps {
    const { fleet, readToken, metrics, limits } = this.#deps;
    return {
      ...{ session: this.#session, stage: this.#stage, metrics, migrateMs: limits.migrateMs },
      ...{ search: { fleet, readToken }, log: () => this.#log() },
    };
  }

  #statusOfThrown(error: unknown): Status {
    const { reason } = this.#over.signal as { readonly reason: unknown };
    if (this.#over.signal.aborted) return reason as Status;
    const { sessionId } = this.#ticket.place.claims;
    if (!(error instanceof StatusError)) this.#deps.logger.error({ err: error, sessionId }, 'relay failed');
    return statusOf(error);
  }

  #log(): Logger {
    const { traceId } = this.#ticket.trace;
    const { sessionId, workerId, epoch } = this.#session.place.claims;
    return this.#deps.logger.child({ traceId, sessionId, workerId, epoch });
  }
}

/** Of a pool such as `us-east-1/cpu/dream@1`. */
const modelOf = ({ pool }: SessionTokenClaims): string => /([^/]+)@[^@]*$/.exec(pool)?.[1] ?? pool;
