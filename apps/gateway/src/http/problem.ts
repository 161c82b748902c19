import { status } from '@grpc/grpc-js';
import type { Status } from '@meridian/worker-client';
import { STATUS_CODES } from 'node:http';

const HTTP_STATUS: Partial<Record<status, number>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNAVAILABLE]: 503,
};

/** A whole HTTP/1.1 answer with problem details (RFC 9457), for a socket that was to be upgraded. */
export function problemResponse({ code, message, meridianCode = 'internal' }: Status): string {
  const httpStatus = HTTP_STATUS[code] ?? 500;
  const title = STATUS_CODES[httpStatus] ?? '';
  const body = JSON.stringify({
    type: `urn:meridian:problem:${meridianCode}`,
    title,
    status: httpStatus,
    detail: message,
    code: meridianCode,
  });
  return [
    `HTTP/1.1 ${String(httpStatus)} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
    ...(httpStatus === 401 ? ['www-authenticate: Bearer'] : []),
    '',
    body,
  ].join('\r\n');
}
