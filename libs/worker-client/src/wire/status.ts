// How a call ended, coded once: a gRPC status number, a sentence, and a machine-readable code of Meridian's own.
import { status } from '@grpc/grpc-js';
import type { HeaderField, Headers } from '@meridian/http2';

export interface Status {
  /** A gRPC status number, 0 to 16. */
  readonly code: status;
  /** One sentence for a person. */
  readonly message: string;
  /** Such as `token_expired`; docs/protocol.md lists them. */
  readonly meridianCode?: string;
}

/** A status on its way to the edge, where it becomes trailers or a close code. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;
  constructor(code: status, message: string, meridianCode?: string) {
    super(message);
    this.status = { code, message, ...(meridianCode === undefined ? {} : { meridianCode }) };
  }
}

export const OK: Status = { code: status.OK, message: '' };

/** Anything thrown, as a status; what is not a `StatusError` is a bug and says no more than INTERNAL to a peer. */
export const statusOf = (error: unknown): Status =>
  error instanceof StatusError
    ? error.status
    : { code: status.INTERNAL, message: 'Something went wrong here.' };

/** gRPC's trailers for a status (gRPC over HTTP/2, "Responses"); the message is percent-encoded UTF-8. */
export function toTrailers({ code, message, meridianCode }: Status): readonly HeaderField[] {
  const fields: HeaderField[] = [['grpc-status', String(code)]];
  if (message !== '') fields.push(['grpc-message', percentEncode(message)]);
  if (meridianCode !== undefined) fields.push(['meridian-code', meridianCode]);
  return fields;
}

/** The status in trailers (or in the headers of a trailers-only answer); undefined when there is none. */
export function fromTrailers(headers: Headers): Status | undefined {
  const code = Number(headers.get('grpc-status') ?? Number.NaN);
  if (!Number.isInteger(code)) return undefined;
  const meridianCode = headers.get('meridian-code');
  return {
    code: code in status ? code : status.UNKNOWN,
    message: percentDecode(headers.get('grpc-message') ?? ''),
    ...(meridianCode === undefined ? {} : { meridianCode }),
  };
}

/** Printable ASCII but `%` stays as it is. A lone surrogate, which has no UTF-8, becomes U+FFFD. */
const percentEncode = (text: string): string =>
  text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
