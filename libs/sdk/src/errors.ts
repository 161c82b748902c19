/** One field of a request that was refused, and how to put it right. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly fix?: string;
}

export interface MeridianErrorInit {
  /** HTTP status, or 0 when no HTTP answer was had. */
  readonly status?: number;
  readonly detail?: string;
  readonly fields?: readonly FieldError[];
  /** W3C trace id, to quote when asking an operator. */
  readonly traceId?: string;
  /** RFC 9457 members beyond the standard ones, such as `considered` of `no_eligible_region`. */
  readonly problem?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error that the SDK throws and emits. `code` is for programs, `message` and `detail` are for people.
 *
 * Codes of the SDK's own: `network` (no answer), `timeout`, `aborted`, `bad_response` (not the contract),
 * `invalid_action`, `invalid_format`, `invalid_code` (no pairing code), `invalid_options`, `role_forbidden` (a spectator
 * that acts), `stream_lost` (not reconnected within the hold time), `stream_refused`, `listener_failed`. Every other code is the server's: a problem's `code`, or a stream refusal
 * such as `token_reused`.
 */
export class MeridianError extends Error {
  override readonly name = 'MeridianError';
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly fields: readonly FieldError[];
  readonly traceId: string | undefined;
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, init: MeridianErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.status = init.status ?? 0;
    this.detail = init.detail ?? message;
    this.fields = init.fields ?? [];
    this.traceId = init.traceId;
    this.problem = init.problem ?? {};
  }

  static aborted(cause?: unknown): MeridianError {
    return new MeridianError('aborted', 'The caller gave up waiting.', { cause });
  }

  static listenerFailed(event: PropertyKey, thrown: unknown): MeridianError {
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `A listener of "${String(event)}" threw.`;
    return new MeridianError('listener_failed', message, { detail, cause: thrown });
  }

  /** From an RFC 9457 body; anything else gives the code `http_STATUS`. */
  static fromProblem(status: number, body: unknown): MeridianError {
    const problem = isRecord(body) ? body : {};
    const title = text(problem['title']) ?? `The server answered with HTTP ${status}.`;
    const detail = text(problem['detail']);
    const traceId = text(problem['traceId']);
    return new MeridianError(text(problem['code']) ?? `http_${status}`, detail ?? title, {
      status,
      problem,
      fields: Array.isArray(problem['errors']) ? problem['errors'].filter(isFieldError) : [],
      ...(detail !== undefined && { detail }),
      ...(traceId !== undefined && { traceId }),
    });
  }

  /** Any thrown value as a MeridianError; one that already is stays itself. */
  static from(thrown: unknown): MeridianError {
    if (thrown instanceof MeridianError) return thrown;
    const name = thrown instanceof Error ? thrown.name : '';
    if (name === 'AbortError') return MeridianError.aborted(thrown);
    return new MeridianError('network', 'The server did not answer.', {
      cause: thrown,
      detail: thrown instanceof Error ? thrown.message : String(thrown),
    });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value['field'] === 'string' && typeof value['message'] === 'string';
}
