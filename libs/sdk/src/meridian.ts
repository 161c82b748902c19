import { systemClock, type Clock } from './clock.ts';
import { drawKey } from './draw.ts';
import { MeridianError } from './errors.ts';
import { encodeFormat, type FrameFormat } from './frame-format.ts';
import { HttpApi, type Fetch } from './http-api.ts';
import { JoinedSession } from './joined-session.ts';
import { MeridianSession } from './meridian-session.ts';
import { claimPairing } from './pairing.ts';
import { networkMs, probeRegion, toRttMs, type ProbeOptions, type RegionProbe } from './probe.ts';
import type { Model, PlacementRecord, Region, Session, SessionPage, SessionState, Usage } from './types.ts';
import type { SocketConstructor } from './web-socket.ts';

export interface MeridianOptions {
  /** Origin of the control plane, such as `http://127.0.0.1:4400`. */
  readonly baseUrl: string;
  /** Needed for everything but `join`. */
  readonly apiKey?: string;
  /** For one HTTP request; default 10,000 ms. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
  readonly WebSocket?: SocketConstructor;
  readonly clock?: Clock;
  /** In [0, 1); spreads reconnects. */
  readonly random?: () => number;
}

export interface OpenOptions {
  readonly model: string;
  /** The newest that is served when absent. */
  readonly modelVersion?: string;
  /** Jurisdiction that the session must stay in. */
  readonly residency?: 'us' | 'eu';
  /** Regions farther away than this are not considered, ms. */
  readonly maxRttMs?: number;
  /** GPUs that it needs: a fraction, one or several; one slot when absent. */
  readonly gpus?: number;
  /** `high` goes first in the queue; `low` leaves the last slots to others. Default `normal`. */
  readonly priority?: 'low' | 'normal' | 'high';
  /** Refuse at once (`queue_wait_too_long`) when the expected wait is longer, ms; 0: never queue. */
  readonly maxWaitMs?: number;
  /** When `rttMs` was measured, ISO 8601; older than ten minutes it counts as an estimate. */
  readonly rttMeasuredAt?: string;
  /** At most 16 keys of at most 64 characters; values of at most 512 bytes. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Measured RTT by region, ms; probed when absent. */
  readonly rttMs?: Readonly<Record<string, number>>;
  /** How frames are to be encoded; see `session.setFormat`. */
  readonly format?: FrameFormat;
  /** 1-128 visible ASCII characters; drawn when absent. The same key never opens two sessions. */
  readonly idempotencyKey?: string;
  /** Gives the open up. A session that was opened all the same is ended. */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A client of one Meridian. All methods throw MeridianError, and nothing else. */
export class Meridian {
  readonly #api: HttpApi;
  readonly #fetch: Fetch;
  readonly #WebSocket: SocketConstructor;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(options: MeridianOptions) {
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#WebSocket = options.WebSocket ?? requireWebSocket();
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#api = new HttpApi({
      baseUrl: options.baseUrl,
      apiKey: options.apiKey,
      fetch: this.#fetch,
      clock: this.#clock,
      random: this.#random,
      timeoutMs: options.timeoutMs ?? 10_000,
    });
  }

  async listRegions({ signal }: CallOptions = {}): Promise<readonly Region[]> {
    const answer = await this.#api.json<{ regions: Region[] }>({ path: '/v1/regions', signal });
    return answer.regions;
  }

  async listModels({ signal }: CallOptions = {}): Promise<readonly Model[]> {
    const answer = await this.#api.json<{ models: Model[] }>({ path: '/v1/models', signal });
    return answer.models;
  }

  /** Measures the round trip to every region, all at once; one that does not answer is `reachable: false`. */
  async probeRegions(options: ProbeOptions = {}): Promise<readonly RegionProbe[]> {
    const regions = await this.listRegions(options.signal ? { signal: options.signal } : {});
    const ports = { fetch: this.#fetch, clock: this.#clock, networkMs };
    const probes = await Promise.all(regions.map((region) => probeRegion(ports, region, options)));
    if (options.signal?.aborted) throw MeridianError.aborted(options.signal.reason);
    return probes;
  }

  /**
   * Opens a session: answers as soon as it exists, which may be in a queue. The stream starts by itself when a slot
   * is reserved. A request whose reply was lost is repeated with the same idempotency key (L3).
   *
   * Refusals: `unknown_model`, `no_eligible_region` (`problem.considered` says why), `queue_wait_too_long`,
   * `session_quota_exceeded`, `budget_exhausted`, `idempotency_key_reused`, and `invalid_request` with `fields`;
   * `invalid_format` before anything is asked.
   */
  async open(options: OpenOptions): Promise<MeridianSession> {
    const { signal, idempotencyKey = drawKey(), rttMs, format, ...asked } = options;
    // A format that is wrong must not cost a session.
    if (format) encodeFormat(format);
    if (signal?.aborted) throw MeridianError.aborted(signal.reason);
    const body = { ...asked, rttMs: rttMs ?? toRttMs(await this.probeRegions({ signal })) };
    const openedAtMs = this.#clock.nowMs();
    const headers = { 'idempotency-key': idempotencyKey };
    const creating = this.#api.json<Session>({ method: 'POST', path: '/v1/sessions', body, headers });
    const session = await unlessAborted(creating, signal, (late) =>
      this.#api.deleteInBackground(pathOf(late.id)),
    );
    const opened = new MeridianSession({ api: this.#api, ...this.#ports }, session, openedAtMs);
    if (format) opened.setFormat(format);
    return opened;
  }

  /**
   * Joins somebody's session as a second device, with a code that its owner got from `session.pair`; needs no API key.
   * Case, dashes and spaces of the code do not matter.
   *
   * Refusals: `invalid_code` before anything is asked; `pairing_not_found` (mistyped, used or expired),
   * `too_many_attempts` (`problem.retryAfterMs` when said), `too_many_devices`.
   */
  async join(code: string, { signal }: CallOptions = {}): Promise<JoinedSession> {
    return new JoinedSession(this.#ports, await claimPairing(this.#api, code, signal));
  }

  getSession(id: string, { signal }: CallOptions = {}): Promise<Session> {
    return this.#api.json({ path: pathOf(id), signal });
  }

  /** Every time the session was queued, placed or moved, oldest first, with what was considered and why. */
  async placements(id: string, { signal }: CallOptions = {}): Promise<readonly PlacementRecord[]> {
    const path = `${pathOf(id)}/placements`;
    return (await this.#api.json<{ placements: PlacementRecord[] }>({ path, signal })).placements;
  }

  /** Newest first; `limit` sessions a page. */
  listSessions(
    query: { state?: SessionState; limit?: number; cursor?: string } = {},
    { signal }: CallOptions = {},
  ): Promise<SessionPage> {
    const entries = Object.entries(query).map(([name, value]) => [name, String(value)] as [string, string]);
    const text = new URLSearchParams(entries).toString();
    return this.#api.json({ path: `/v1/sessions${text && `?${text}`}`, signal });
  }

  /** Idempotent: an ended session is answered as it ended. */
  endSession(id: string, { signal }: CallOptions = {}): Promise<Session> {
    return this.#api.json({ method: 'DELETE', path: pathOf(id), signal });
  }

  usage(id: string, { signal }: CallOptions = {}): Promise<Usage> {
    return this.#api.json({ path: `${pathOf(id)}/usage`, signal });
  }

  get #ports() {
    return { WebSocket: this.#WebSocket, clock: this.#clock, random: this.#random };
  }
}

function pathOf(id: string): string {
  return `/v1/sessions/${encodeURIComponent(id)}`;
}

function requireWebSocket(): SocketConstructor {
  if (typeof globalThis.WebSocket === 'function') return globalThis.WebSocket as unknown as SocketConstructor;
  throw new MeridianError(
    'invalid_options',
    'There is no WebSocket here: use Node 22 or newer, or pass one in.',
  );
}

/** Rejects at once when `signal` fires; what arrives afterwards is handed to `discard`, so that nothing leaks. */
function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      work.then(discard, () => undefined);
      reject(MeridianError.aborted(signal.reason));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
