import type { Connection, IssueConnection, ReadQueuePlace } from '@meridian/application';
import type { Session } from '@meridian/domain';
import { formatTraceparent, newTrace } from '@meridian/telemetry';
import type { Region } from '../config.ts';
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
    const region = regions.find(({ id }) => id === connection?.lease.region);
    return {
      ...summarise(session),
      queue,
      connection: connection && region && toConnection(session, connection, region),
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

function toConnection(session: Session, { token, claimByMs }: Connection, region: Region) {
  const { traceId } = session.request;
  const trace = newTrace();
  return {
    streamUrl: `${region.gatewayUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/play`,
    grpcAddress: region.gatewayGrpc,
    token,
    claimBy: toIso(claimByMs),
    traceparent: formatTraceparent(traceId === undefined ? trace : { ...trace, traceId }),
  };
}
