import type { Connection, IssueConnection, ReadQueuePlace } from '@meridian/application';
import { rendezvousOrder, type Session, type SessionId } from '@meridian/domain';
import { formatTraceparent, newTrace } from '@meridian/telemetry';
import type { Gateway, Region } from '../config.ts';
import { toIso } from '../http/schemas.ts';
import type { SessionView } from './session.schemas.ts';

export interface SessionViewPorts {
  readonly regions: readonly Region[];
  readonly issueConnection: IssueConnection;
  readonly readQueuePlace: ReadQueuePlace;
}

/** What a client sees of a session, with its queue place or a fresh token for its present lease. */
export type ViewSession = (session: Session) => Promise<SessionView>;

export function makeViewSession({ regions, issueConnection, readQueuePlace }: SessionViewPorts): ViewSession {
  return async (session) => {
    const [queue, connection] = await Promise.all([readQueuePlace(session), issueConnection(session)]);
    return {
      ...summarise(session),
      queue,
      connection: connection && toConnection(session, connection, regions),
    };
  };
}

/** Without queue place and connection: what lists show. */
export function summarise(session: Session): SessionView {
  const { request, lease } = session;
  return {
    id: request.sessionId,
    state: session.state,
    model: request.model,
    modelVersion: versionOf(session),
    region: lease?.region,
    metadata: { ...request.metadata },
    createdAt: toIso(session.createdAtMs),
    updatedAt: toIso(session.updatedAtMs),
    endedAt: session.endedAtMs === undefined ? undefined : toIso(session.endedAtMs),
    endReason: session.endReason,
    endDetail: session.endDetail,
    epoch: session.epoch,
    placement: lease && {
      region: lease.region,
      pool: lease.pool,
      workerId: lease.workerId,
      slot: lease.slot,
      width: lease.width,
      considered: [...session.considered],
    },
  };
}

/** The version it runs on, read from its pool (`region/gpuType/model@version`), else the one asked for. */
const versionOf = ({ lease, request }: Session): string | undefined =>
  lease ? lease.pool.slice(lease.pool.lastIndexOf('@') + 1) : request.modelVersion;

/** The first in a session's own order, so that sessions spread, and each comes back to where it was. */
export function gatewaysFor(sessionId: SessionId, { gateways }: Pick<Region, 'gateways'>) {
  const [first, ...others] = rendezvousOrder(sessionId, gateways, ({ url }) => url);
  const { url, grpc } = first ?? gateways[0];
  return { ...addressesOf({ url, grpc }), alternatives: others.map(addressesOf) };
}

const addressesOf = ({ url, grpc }: Gateway) => ({
  streamUrl: `${url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/play`,
  grpcAddress: grpc,
});

/** Undefined: the session lies in a region that is configured no more. */
export function toConnection(
  session: Session,
  { token, claimByMs, lease }: Connection,
  regions: readonly Region[],
) {
  const region = regions.find(({ id }) => id === lease.region);
  if (!region) return undefined;
  const { traceId } = session.request;
  const trace = newTrace();
  return {
    ...gatewaysFor(session.request.sessionId, region),
    token,
    claimBy: toIso(claimByMs),
    traceparent: formatTraceparent(traceId === undefined ? trace : { ...trace, traceId }),
  };
}
