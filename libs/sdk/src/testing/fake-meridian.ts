// A control plane and its gateways in one small process that speaks the contract, with the faults a client must survive:
// a reply that gets lost, a full house, a broken stream, a refusal. Tests drive it; it has no clock of its own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PairedRole, Region, Session } from '../types.ts';
import { FakeGateway, type Knock } from './fake-gateway.ts';
import { FakeSession } from './fake-session.ts';

export class FakeMeridian {
  readonly sessions = new Map<string, FakeSession>();
  /** Method and path of every request, in order. */
  readonly requests: string[] = [];
  readonly idempotencyKeys: string[] = [];
  readonly bodies: Record<string, unknown>[] = [];
  /** While true a new session waits in the queue. */
  full = false;
  /** The next reply to a POST is lost after the work was done. */
  loseNextReply = false;
  /** The next requests to the API are answered with this problem. */
  problem: { status: number; body: Record<string, unknown> } | undefined;
  /** The next WebSocket closes at once with this code and reason. */
  refuseNext: { code: number; reason: string }[] = [];
  /** Holds replies to POST back until the promise resolves. */
  gate: Promise<void> = Promise.resolve();
  holdMs = 30_000;
  /** What `/v1/regions` lists; by default this one and one that does not answer. */
  regions: readonly Region[] | undefined;
  readonly gateways: FakeGateway[] = [];
  /** The API keys that requests came with. */
  readonly apiKeys = new Set<string | undefined>();
  readonly #server: Server;
  readonly #byKey = new Map<string, FakeSession>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start({ gateways = 1 } = {}): Promise<FakeMeridian> {
    const fake = new FakeMeridian();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    while (fake.gateways.length < gateways) {
      fake.gateways.push(await FakeGateway.start((knock) => fake.#stream(knock)));
    }
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get only(): FakeSession {
    const [first, second] = [...this.sessions.values()];
    if (first === undefined || second !== undefined) throw new Error(`${this.sessions.size} sessions exist`);
    return first;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions.values()) session.drop();
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #stream({ client, token, key, next }: Knock): void {
    const refusal = this.refuseNext.shift();
    if (refusal) return client.close(refusal.code, refusal.reason);
    const session = [...this.sessions.values()].find((one) => one.token === token);
    if (session !== undefined && key !== undefined) return session.attach(client, key, next);
    for (const one of this.sessions.values()) {
      const device = one.devices.byToken(token);
      if (device) return one.devices.attach(device, client);
    }
    return client.close(4016, 'token_forged');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method ?? ''} ${pathname}`);
    this.apiKeys.add(request.headers.authorization);
    if (this.problem) {
      const { status, body } = this.problem;
      return reply(response, status, body);
    }
    if (pathname === '/v1/regions')
      return reply(response, 200, { regions: this.regions ?? this.#defaultRegions() });
    if (pathname === '/v1/models') return reply(response, 200, { models: [] });
    if (pathname === '/v1/sessions' && request.method === 'POST') return this.#open(request, response);
    if (pathname === '/v1/sessions') {
      return reply(response, 200, { sessions: [...this.sessions.values()].map((one) => one.json()) });
    }
    if (pathname === '/v1/pairings/claim') {
      const { code } = JSON.parse(await textOf(request)) as { code: string };
      for (const one of this.sessions.values()) {
        const claim = one.devices.claim(code);
        if (claim) return reply(response, 201, claim);
      }
      return reply(response, 404, { code: 'pairing_not_found', detail: 'No such code.' });
    }
    const [, , , id = '', part, which] = pathname.split('/');
    const session = this.sessions.get(id);
    if (session === undefined)
      return reply(response, 404, { code: 'session_not_found', detail: 'No such session.' });
    if (part === 'events') return session.follow(request, response);
    if (part === 'usage') return reply(response, 200, session.usage());
    if (part === 'placements') return reply(response, 200, { placements: session.placements() });
    if (part === 'pairings') {
      const asked = JSON.parse(await textOf(request)) as { role: PairedRole; label?: string };
      return reply(response, 201, session.devices.pair(asked));
    }
    if (part === 'devices' && request.method === 'DELETE') {
      session.devices.removeFromRecord(Number(which));
      return void response.writeHead(204).end();
    }
    if (part === 'devices') return reply(response, 200, { devices: session.devices.list() });
    if (request.method === 'DELETE') session.end('client_ended');
    return reply(response, 200, session.json());
  }

  async #open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers['idempotency-key']);
    this.idempotencyKeys.push(key);
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
    this.bodies.push(body);
    const known = this.#byKey.get(key);
    const session = known ?? this.#create(key, body);
    await this.gate;
    if (this.loseNextReply) {
      this.loseNextReply = false;
      request.socket.destroy();
      return;
    }
    reply(response, known ? 200 : 201, session.json());
  }

  #create(key: string, body: Record<string, unknown>): FakeSession {
    const id = `ses_${String(this.sessions.size + 1).padStart(26, 'a')}`;
    const metadata = (body['metadata'] ?? {}) as Record<string, string>;
    const streamUrls = this.gateways.map(({ streamUrl }) => streamUrl);
    const session = new FakeSession({ id, model: String(body['model']), metadata, streamUrls }, this.holdMs);
    this.sessions.set(id, session);
    this.#byKey.set(key, session);
    if (this.full) session.queue(3, 12_000);
    else session.reserve();
    return session;
  }

  #defaultRegions(): Region[] {
    const here = { name: 'US East', jurisdiction: 'us', reachable: true, models: ['gallery'] };
    return [
      { ...here, id: 'us-east', pingUrl: `${this.gateways[0]?.url ?? ''}/ping` },
      { ...here, id: 'eu-west', jurisdiction: 'eu', pingUrl: 'http://127.0.0.1:9/ping' },
    ];
  }
}

function reply(response: ServerResponse, status: number, body: Session | object): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
