// Requests to the control plane. Only what is safe to repeat is repeated: reads, DELETE, and a POST that carries an
// idempotency key (L3). Every attempt has its own time-out.
import { backoffMs, wait, type Clock } from './clock.ts';
import { MeridianError } from './errors.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface HttpApiOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timeoutMs: number;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Attempts in all; 1 repeats nothing. Default 3. */
  readonly attempts?: number;
  /** The API key stays here. */
  readonly anonymous?: boolean;
}

interface Answer {
  readonly status: number;
  /** Undefined when there was none, or no JSON. */
  readonly body: unknown;
}

const RETRY = { firstMs: 200, largestMs: 2_000 };
const RETRIED_STATUSES = new Set([502, 503, 504]);

export class HttpApi {
  readonly #options: HttpApiOptions;
  readonly #baseUrl: string;

  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  /** The JSON body of a 2xx answer. Throws MeridianError. */
  async json<T>(request: HttpRequest): Promise<T> {
    const { status, body } = await this.#ask(request);
    if (body === undefined) throw new MeridianError('bad_response', 'The answer was not JSON.', { status });
    return body as T;
  }

  /** A 2xx answer of which nothing is read. Throws MeridianError. */
  async empty(request: HttpRequest): Promise<void> {
    await this.#ask(request);
  }

  async #ask(request: HttpRequest): Promise<Answer> {
    const attempts = request.attempts ?? 3;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(request);
      } catch (thrown) {
        const error = MeridianError.from(thrown);
        if (attempt + 1 >= attempts || !isWorthRepeating(error)) throw error;
        const { clock, random } = this.#options;
        await wait(clock, backoffMs(RETRY, attempt, random), request.signal);
      }
    }
  }

  /** An answer whose body is read as it comes; only `signal` ends it. Throws MeridianError. */
  async stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const response = await this.#fetch({ path, headers, signal }).catch((thrown: unknown) => {
      throw signal.aborted ? MeridianError.aborted(thrown) : MeridianError.from(thrown);
    });
    if (!response.ok) throw MeridianError.fromProblem(response.status, await readJson(response));
    return response;
  }

  /** A DELETE that outlives the page that sends it; its answer is not waited for. */
  deleteInBackground(path: string): void {
    this.#fetch({ method: 'DELETE', path }, { keepalive: true }).catch(() => undefined);
  }

  async #attempt(request: HttpRequest): Promise<Answer> {
    const { clock, timeoutMs } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort());
    const signals = request.signal ? [timeout.signal, request.signal] : [timeout.signal];
    try {
      const response = await this.#fetch({ ...request, signal: AbortSignal.any(signals) });
      const body = await readJson(response);
      if (!response.ok) throw MeridianError.fromProblem(response.status, body);
      return { status: response.status, body };
    } catch (thrown) {
      if (request.signal?.aborted) throw MeridianError.aborted(request.signal.reason);
      if (timeout.signal.aborted) {
        throw new MeridianError('timeout', `The server did not answer within ${timeoutMs} ms.`);
      }
      throw thrown;
    } finally {
      cancel();
    }
  }

  #fetch(request: HttpRequest, init: RequestInit = {}): Promise<Response> {
    const { apiKey } = this.#options;
    const headers: Record<string, string> = {
      ...(apiKey !== undefined && !request.anonymous && { authorization: `Bearer ${apiKey}` }),
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    };
    return this.#options.fetch(this.#baseUrl + request.path, {
      ...init,
      method: request.method ?? 'GET',
      headers,
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      ...(request.signal && { signal: request.signal }),
    });
  }
}

function isWorthRepeating({ code, status }: MeridianError): boolean {
  // A queue that is too long is so for longer than we would wait here; whoever asks decides.
  if (code === 'queue_wait_too_long') return false;
  return code === 'network' || code === 'timeout' || RETRIED_STATUSES.has(status);
}

/** Undefined when the body is empty or not JSON. */
async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
