// A control plane as far as a gateway knows one: keys over HTTP, tokens, and FleetService.Replace. It can go away and
// come back on the same ports.
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { FleetServiceService, type ReplaceRequest, type ReplaceResponse } from '@meridian/protocol/worker';
import { signSessionToken } from '@meridian/protocol/session-token';
import { exportJWK, generateKeyPair } from 'jose';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface TokenPlan {
  readonly sessionId: string;
  readonly workerId: string;
  readonly workerAddress: string;
  readonly epoch: number;
  readonly region: string;
  readonly expiresInS: number;
  readonly device?: number;
  readonly role?: 'owner' | 'controller' | 'spectator';
  readonly claimByMs?: number;
  readonly pool?: string;
}

type Where = Pick<TokenPlan, 'workerId' | 'workerAddress'>;

/** The answer of the next Replace: where to, or why not. */
export type Replacement = Where | 'no_slot' | 'ended' | 'state_not_movable';

export const SECRET = 'a secret of the region, long enough';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

export class FakeControlPlane {
  readonly replaceRequests: ReplaceRequest[] = [];
  replacement: Replacement = 'no_slot';
  /** Sessions by id, where they were placed last: asked again for what was lost before, that is the answer. */
  readonly placed = new Map<string, Where & { readonly epoch: number }>();
  /** What an answer takes. */
  answerMs = 0;
  /** Calls of Replace that wait for their answer; the most there ever were. */
  calls = 0;
  callsAtOnce = 0;
  readonly #keys: Keys;
  #http: HttpServer | undefined;
  #grpc: Server | undefined;
  #httpPort = 0;
  #grpcPort = 0;

  private constructor(keys: Keys) {
    this.#keys = keys;
  }

  static async start(): Promise<FakeControlPlane> {
    const plane = new FakeControlPlane(await generateKeyPair('EdDSA', { extractable: true }));
    await plane.comeBack();
    return plane;
  }

  get jwksUrl(): string {
    return `http://127.0.0.1:${String(this.#httpPort)}/.well-known/jwks.json`;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${String(this.#grpcPort)}`;
  }

  async comeBack(): Promise<void> {
    const jwk = { ...(await exportJWK(this.#keys.publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
    const http = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    this.#http = http.listen(this.#httpPort, '127.0.0.1');
    await once(http, 'listening');
    this.#httpPort = (http.address() as AddressInfo).port;
    this.#grpc = new Server();
    this.#grpc.addService(FleetServiceService, {
      replace: (call: { request: ReplaceRequest; metadata: Metadata }, done: Done) => {
        this.#replace(call.request, call.metadata).then(
          (answer) => done(null, answer),
          (error: Error) => done(error),
        );
      },
    });
    this.#grpcPort = await bind(this.#grpc, this.#grpcPort);
  }

  goAway(): void {
    this.#http?.closeAllConnections();
    this.#http?.close();
    this.#grpc?.forceShutdown();
  }

  token(plan: TokenPlan, key = this.#keys.privateKey): Promise<string> {
    const { expiresInS, ...claims } = plan;
    const issuedAtS = Math.floor(Date.now() / 1_000);
    const all = {
      ...{
        tenantId: 'ten_test',
        pool: 'test',
        slot: 0,
        width: 1,
        claimByMs: Date.now() + 60_000,
        holdMs: 30_000,
      },
      ...{ idleMs: 300_000, maxDurationMs: 7_200_000 },
      ...claims,
    };
    return Promise.resolve(signSessionToken(all, { key, kid: 'k1', issuedAtS, lifeS: expiresInS }));
  }

  async #replace(request: ReplaceRequest, metadata: Metadata) {
    if (metadata.get('authorization')[0] !== `Bearer ${SECRET}`) throw failure(status.UNAUTHENTICATED);
    this.replaceRequests.push(request);
    this.calls += 1;
    this.callsAtOnce = Math.max(this.calls, this.callsAtOnce);
    if (this.answerMs > 0) await delay(this.answerMs);
    this.calls -= 1;
    const place = this.#placeFor(request);
    this.placed.set(request.sessionId, place);
    const token = await this.token({
      ...{ ...place, sessionId: request.sessionId, region: 'us-east', expiresInS: 600 },
    });
    return { sessionToken: token, epoch: place.epoch };
  }

  #placeFor({ sessionId, lostEpoch, planned }: ReplaceRequest) {
    const known = this.placed.get(sessionId);
    if (known && known.epoch > lostEpoch) return known;
    const { replacement } = this;
    if (replacement === 'no_slot') {
      throw failure(status.RESOURCE_EXHAUSTED, planned ? 'no_other_worker' : 'worker_lost');
    }
    if (typeof replacement === 'string') {
      const meridianCode = replacement === 'ended' ? 'session_ended' : replacement;
      throw failure(status.FAILED_PRECONDITION, meridianCode);
    }
    return { ...replacement, epoch: lostEpoch + 1 };
  }
}

type Done = sendUnaryData<ReplaceResponse>;

function failure(code: status, meridianCode = ''): ServiceError {
  const metadata = new Metadata();
  metadata.set('meridian-code', meridianCode);
  return Object.assign(new Error(status[code]), { code, details: meridianCode || status[code], metadata });
}

export function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${String(port)}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
}
