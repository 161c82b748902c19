import type { Credentials } from '../token/admit.ts';

/** The one that is selected. A browser cannot set headers, so the others carry what gRPC has in its metadata. */
export const SUBPROTOCOL = 'meridian.v1';

/** Reads `meridian.v1, token.JWT, client.KEY, next.NUMBER, trace.TRACEPARENT`; undefined without `meridian.v1`. */
export function readSubprotocols(header: string | undefined): Credentials | undefined {
  const offered = (header ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) return undefined;
  const behind = (prefix: string) => offered.find((name) => name.startsWith(prefix))?.slice(prefix.length);
  return {
    sessionToken: behind('token.'),
    clientKey: behind('client.'),
    nextFrame: behind('next.'),
    traceparent: behind('trace.'),
  };
}
