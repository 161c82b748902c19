// RFC 9113, 8.2 and 8.3: which header fields make a request, an answer, or trailers. Whoever reads them further may rely
// on it.
import { ErrorCode, StreamError } from './errors.ts';
import type { HeaderField } from './hpack/header-field.ts';

/** By name, in lower case; several fields of a name are joined by a comma. Pseudo-header fields are among them. */
export type Headers = ReadonlyMap<string, string>;

const CONNECTION_SPECIFIC = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// eslint-disable-next-line no-control-regex
const FORBIDDEN_IN_VALUE = /[\u0000\r\n]|^[ \t]|[ \t]$/;
const REQUEST_PSEUDO = new Set([':method', ':scheme', ':path', ':authority']);
const RESPONSE_PSEUDO = new Set([':status']);
const NO_PSEUDO = new Set<string>();

/** Throws `StreamError` (PROTOCOL_ERROR), as those below. */
export function requestHeaders(fields: readonly HeaderField[]): Headers {
  const headers = collect(fields, REQUEST_PSEUDO);
  for (const name of [':method', ':scheme', ':path']) {
    if (!headers.get(name)) throw malformed(`a request without ${name}`);
  }
  return headers;
}

export function responseHeaders(fields: readonly HeaderField[]): Headers {
  const headers = collect(fields, RESPONSE_PSEUDO);
  if (!/^[1-5]\d\d$/.test(headers.get(':status') ?? '')) throw malformed('an answer without :status');
  return headers;
}

export const trailers = (fields: readonly HeaderField[]): Headers => collect(fields, NO_PSEUDO);

function collect(fields: readonly HeaderField[], pseudo: ReadonlySet<string>): Headers {
  const headers = new Map<string, string>();
  let isRegular = false;
  for (const [name, value] of fields) {
    if (name.startsWith(':')) {
      if (isRegular || !pseudo.has(name) || headers.has(name)) throw malformed(`${name} in a wrong place`);
    } else {
      isRegular = true;
      checkName(name, value);
    }
    if (FORBIDDEN_IN_VALUE.test(value)) throw malformed(`a value of ${name}`);
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function checkName(name: string, value: string): void {
  if (!NAME.test(name)) throw malformed('a name of a header field');
  if (CONNECTION_SPECIFIC.has(name)) throw malformed(`${name} has no place in HTTP/2`);
  if (name === 'te' && value !== 'trailers') throw malformed('te is trailers');
}

const malformed = (what: string) => new StreamError(ErrorCode.PROTOCOL_ERROR, what);
