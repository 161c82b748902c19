import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { FleetServiceClient, type HeartbeatRequest, type RegisterRequest } from '@meridian/protocol/worker';
import { bearer } from '../client/play-stream.ts';
import type { StubSessions } from './stub-sessions.ts';

export interface StubLinkPorts {
  readonly address: string;
  readonly secret: string;
  readonly registration: RegisterRequest;
  readonly heartbeat: () => HeartbeatRequest;
  readonly sessions: StubSessions;
}

const FIRST_MS = 200;
const REFRESH_MS_MIN = 2_000;

/** The stub's talk with the control plane. */
export class StubLink {
  jwksJson = '{"keys":[]}';
  readonly #ports: StubLinkPorts;
  readonly #client: FleetServiceClient;
  #intervalMs = FIRST_MS;
  #timer: NodeJS.Timeout | undefined;
  #isRegistered = false;
  #operatorDrains = false;
  #refreshedMs = -Infinity;
  #isClosed = false;

  constructor(ports: StubLinkPorts) {
    this.#ports = ports;
    this.#client = new FleetServiceClient(ports.address, credentials.createInsecure());
  }

  async beat(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      if (!this.#isRegistered) await this.register();
      await this.#heartbeat();
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) this.#isRegistered = false;
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.beat(), this.#intervalMs);
  }

  async register(): Promise<void> {
    const { secret, registration } = this.#ports;
    await new Promise<void>((resolve, reject) => {
      this.#client.register(registration, bearer(secret), (error, answer) => {
        if (error) return reject(error);
        [this.jwksJson, this.#intervalMs] = [answer.jwksJson, answer.heartbeatIntervalMs];
        this.#isRegistered = true;
        resolve();
      });
    });
  }

  async refreshKeys(): Promise<void> {
    if (performance.now() - this.#refreshedMs < REFRESH_MS_MIN) return;
    this.#refreshedMs = performance.now();
    await this.register();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client.close();
  }

  #heartbeat(): Promise<void> {
    const { secret, sessions, heartbeat } = this.#ports;
    return new Promise((resolve, reject) => {
      this.#client.heartbeat(heartbeat(), bearer(secret), (error, answer) => {
        if (error) return reject(error);
        sessions.acknowledge(answer.acknowledgedSessionIds);
        for (const { sessionId, epoch, endReason } of answer.stop) {
          const session = sessions.live.get(sessionId);
          if (session && session.claims.epoch <= epoch) sessions.stop(session, endReason);
        }
        for (const { sessionId, epoch, creditMs } of answer.credits) {
          const session = sessions.live.get(sessionId);
          if (session?.claims.epoch === epoch) session.limits.renew(creditMs, session.activeNowMs);
        }
        if (answer.drain !== this.#operatorDrains) sessions.drain.byOperator(answer.drain);
        this.#operatorDrains = answer.drain;
        resolve();
      });
    });
  }
}
