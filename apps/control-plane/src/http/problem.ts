// RFC 9457. One coded error, converted once at the edge (problem.filter.ts). A problem never tells internals.
import { STATUS_CODES } from 'node:http';

/** Every code the API can answer with, and its HTTP status. Clients branch on the code. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  api_key_missing: { status: 401, title: 'No key was sent' },
  api_key_invalid: { status: 401, title: 'The key is not known' },
  budget_exhausted: { status: 402, title: 'The budget is used up' },
  route_not_found: { status: 404, title: 'There is nothing at this address' },
  session_not_found: { status: 404, title: 'No such session' },
  group_not_found: { status: 404, title: 'No such group' },
  tenant_not_found: { status: 404, title: 'No such tenant' },
  api_key_not_found: { status: 404, title: 'No such API key' },
  worker_not_found: { status: 404, title: 'No such worker' },
  pairing_not_found: { status: 404, title: 'No such code' },
  device_not_found: { status: 404, title: 'No such device' },
  webhook_not_found: { status: 404, title: 'No such webhook' },
  webhook_delivery_not_found: { status: 404, title: 'No such delivery' },
  invoice_not_found: { status: 404, title: 'No such invoice' },
  transfer_not_found: { status: 404, title: 'No such transfer' },
  plan_not_found: { status: 404, title: 'No price plan' },
  method_not_allowed: { status: 405, title: 'This method is not offered here' },
  session_ended: { status: 409, title: 'The session has ended' },
  session_not_placed: { status: 409, title: 'The session has no slot yet' },
  too_many_devices: { status: 409, title: 'The session has as many devices as it may' },
  too_many_webhooks: { status: 409, title: 'There are as many webhooks as there may be' },
  fx_rate_missing: { status: 409, title: 'A rate of exchange is missing' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body has a type that is not read here' },
  unknown_model: { status: 422, title: 'No such model' },
  no_eligible_region: { status: 422, title: 'No region can serve this session' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  wrong_currency: { status: 422, title: 'The tenant pays in another currency' },
  refund_too_large: { status: 422, title: 'More than was paid' },
  session_quota_exceeded: { status: 429, title: 'Too many open sessions' },
  too_many_attempts: { status: 429, title: 'Too many wrong codes' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  no_room_for_group: { status: 503, title: 'No region has room for the whole group' },
  queue_wait_too_long: { status: 503, title: 'The wait would be too long' },
  store_unavailable: { status: 503, title: 'A store does not answer' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What is wrong with one field, and what would be right. `field` is a dotted path, or a header's name. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

interface ProblemParts {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem document (RFC 9457, section 3.2). */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Thrown by controllers and guards; `detail` is a sentence for the person who reads it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly parts: ProblemParts;

  constructor(code: ProblemCode, detail: string, parts: ProblemParts = {}) {
    super(detail);
    this.code = code;
    this.parts = parts;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  toDocument(traceId: string) {
    return {
      ...this.parts.more,
      type: `urn:meridian:problem:${this.code}`,
      title: PROBLEMS[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.parts.errors && { errors: this.parts.errors }),
      traceId,
    };
  }
}

const RETRY_AFTER_S = 2;

export const storeUnavailable = (store: string): Problem =>
  new Problem(
    'store_unavailable',
    `${store} does not answer; running sessions go on. Try again in a moment.`,
    {
      headers: { 'retry-after': String(RETRY_AFTER_S) },
    },
  );

/** Errors that Fastify raises before a controller is reached. */
export function fromHttpStatus(status: number): Problem {
  switch (status) {
    case 404:
      return new Problem('route_not_found', 'See /reference for what the API offers.');
    case 413:
      return new Problem('body_too_large', `A body may have at most ${BODY_LIMIT_BYTES} bytes.`);
    case 415:
      return new Problem('unsupported_media_type', 'Send the body as application/json.');
    default:
      return new Problem(
        'invalid_request',
        `The request cannot be read (${STATUS_CODES[status] ?? status}).`,
      );
  }
}

/** The largest request is an open with 16 metadata entries, about 10 kB. */
export const BODY_LIMIT_BYTES = 65_536;
