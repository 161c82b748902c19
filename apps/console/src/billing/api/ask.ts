/** Why a question was not answered: the problem document's code (RFC 9457), or `network`. */
export class AskError extends Error {
  override readonly name = 'AskError';
  readonly code: string;
  readonly status: number;
  readonly traceId: string | undefined;

  constructor(code: string, status: number, detail: string, traceId?: string) {
    super(detail);
    this.code = code;
    this.status = status;
    this.traceId = traceId;
  }

  get isKeyRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

export type Params = Readonly<Record<string, string | undefined>>;

const BASE = '/admin/v1/billing';

/** `/usage` and its parameters as an address; what is undefined or empty is left out. */
export function addressOf(path: string, params: Params = {}): string {
  const given = Object.entries(params).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const query = new URLSearchParams(given).toString();
  return `${BASE}${path}${query && `?${query}`}`;
}

export interface Asking {
  readonly adminKey: string;
  readonly signal?: AbortSignal;
  /** Sent as JSON in a POST. */
  readonly body?: unknown;
}

/** @throws AskError when there is no answer or it is a problem */
export async function ask<T>(address: string, asking: Asking): Promise<T> {
  const response = await send(address, asking, 'application/json');
  return (await response.json()) as T;
}

/** @throws AskError */
export async function askForFile(address: string, asking: Asking): Promise<Blob> {
  return (await send(address, asking, 'text/csv')).blob();
}

async function send(address: string, { adminKey, signal, body }: Asking, accept: string): Promise<Response> {
  const headers = { accept, authorization: `Bearer ${adminKey}` };
  const posted =
    body === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        };
  const response = await fetch(address, { ...posted, ...(signal && { signal }) }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new AskError('network', 0, 'Check that the control plane runs and that you are online.');
  });
  if (response.ok) return response;
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<AskError> {
  const document: unknown = await response.json().catch(() => undefined);
  const text = (name: string): string | undefined => {
    const value = (document as Record<string, unknown> | undefined)?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const detail = text('detail') ?? `The control plane answered ${response.status}.`;
  return new AskError(text('code') ?? 'unexpected_answer', response.status, detail, text('traceId'));
}
