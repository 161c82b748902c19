import type {
  ObserveHeartbeat,
  RegisterWorker,
  ReplaceSession,
  ReplaceSessionCommand,
  SessionRepository,
  SessionTokens,
  WorkerHeartbeat,
} from '@meridian/application';
import type { Cadence, RegionId } from '@meridian/domain';
import type { Headers } from '@meridian/http2';
import type {
  HeartbeatRequest,
  HeartbeatResponse,
  RegisterRequest,
  RegisterResponse,
  ReplaceRequest,
  ReplaceResponse,
} from '@meridian/protocol/worker';
import type { Logger } from '@meridian/telemetry';
import type { Region } from '../config.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import { FleetError } from './fleet-error.ts';
import { toHeartbeat, toRegistration, toReplacement } from './fleet-messages.ts';
import { makeRegionOfSecret, type RegionOfSecret } from './region-of-secret.ts';

export interface FleetServicePorts {
  readonly regions: readonly Region[];
  readonly heartbeatIntervalMs: number;
  readonly registerWorker: RegisterWorker;
  readonly observeHeartbeat: ObserveHeartbeat;
  readonly replaceSession: ReplaceSession;
  readonly sessions: SessionRepository;
  readonly tokens: SessionTokens;
  readonly metrics: ControlPlaneMetrics;
  readonly logger: Logger;
}

/** FleetService, as plain functions of headers and message. Translates and nothing more; throws `FleetError`. */
export class FleetService {
  readonly #ports: FleetServicePorts;
  readonly #regionOf: RegionOfSecret;

  constructor(ports: FleetServicePorts) {
    this.#ports = ports;
    this.#regionOf = makeRegionOfSecret(ports.regions);
  }

  async register(headers: Headers, request: RegisterRequest): Promise<RegisterResponse> {
    const { registerWorker, tokens, heartbeatIntervalMs, logger } = this.#ports;
    const command = toRegistration(request, this.#regionOf(headers));
    const outcome = await registerWorker(command);
    if (outcome.kind === 'refused') throw new FleetError('registration_refused', outcome.problem);
    const { region, workerId, pool, address, slots } = command.worker;
    logger.info({ region, workerId, pool, address, slots }, 'worker registered');
    return { heartbeatIntervalMs, jwksJson: JSON.stringify(await tokens.jwks()) };
  }

  async heartbeat(headers: Headers, request: HeartbeatRequest): Promise<HeartbeatResponse> {
    const beat = toHeartbeat(request, this.#regionOf(headers));
    const outcome = await this.#ports.observeHeartbeat(beat);
    if (outcome.kind === 'unknown') {
      throw new FleetError(
        'unknown_worker',
        `Worker ${beat.workerId} is not registered here; register again.`,
      );
    }
    this.#ports.metrics.heartbeats.inc({ region: beat.region });
    if (outcome.turned) this.#noteTurn(beat, outcome.turned);
    return {
      acknowledgedSessionIds: [...outcome.acknowledged],
      stop: outcome.stop.map(({ sessionId, epoch, reason }) => ({ sessionId, epoch, endReason: reason })),
      drain: outcome.drain,
      credits: [...outcome.credits],
    };
  }

  async replace(headers: Headers, request: ReplaceRequest): Promise<ReplaceResponse> {
    const region = this.#regionOf(headers);
    const command = toReplacement(request);
    const notFound = () =>
      new FleetError('session_not_found', `Session ${command.sessionId} is not of ${region}.`);
    if (!(await this.#wasHeldIn(region, command))) throw notFound();
    const outcome = await this.#ports.replaceSession(command);
    const { sessionId, lostEpoch, lostWorkerId, planned } = command;
    const ids = { region, sessionId, lostEpoch, lostWorkerId, planned };
    switch (outcome.kind) {
      case 'not_found':
        throw notFound();
      case 'ended': {
        const reason = outcome.session.endReason ?? 'worker_lost';
        this.#ports.logger.warn({ ...ids, reason }, 'session not replaced');
        const code = reason === 'worker_lost' ? 'worker_lost' : 'session_ended';
        throw new FleetError(code, `The session has ended (${reason}).`);
      }
      case 'no_other_worker':
        throw new FleetError('no_other_worker', 'No other worker has room; the session goes on where it is.');
      case 'not_movable': {
        const { session, detail } = outcome;
        this.#ports.logger.warn({ ...ids, state: session.state, detail }, 'session cannot be moved');
        throw new FleetError('state_not_movable', `The session cannot be moved: ${detail}.`);
      }
      case 'replaced': {
        const { token, lease } = outcome.connection;
        const traceId = outcome.session.request.traceId;
        this.#ports.logger.info(
          { ...ids, traceId, workerId: lease.workerId, epoch: lease.epoch },
          'session replaced',
        );
        this.#ports.metrics.placements.inc({ region: lease.region, outcome: 'replaced' });
        return { sessionToken: token, epoch: lease.epoch };
      }
    }
  }

  /** The worker was quarantined for its late frames, is on trial, or is back. */
  #noteTurn({ region, workerId }: WorkerHeartbeat, { state, reason, cooldownMs }: Cadence): void {
    const { metrics, logger } = this.#ports;
    if (state === 'quarantined') metrics.quarantines.inc({ region });
    logger.warn({ region, workerId, state, reason, cooldownMs }, 'worker judged by its late frames');
  }

  /** A region's gateways may move only what their region held at the epoch that was lost. */
  async #wasHeldIn(region: RegionId, { sessionId, lostEpoch }: ReplaceSessionCommand): Promise<boolean> {
    const events = await this.#ports.sessions.events(sessionId, 0);
    return events.some(
      ({ event }) => 'lease' in event && event.lease.epoch === lostEpoch && event.lease.region === region,
    );
  }
}
