import { queueOrder, type Session, type TenantId, type Waiting } from '@meridian/domain';
import type { SessionRepository } from '../ports/session-repository.ts';

export interface WaitingSession extends Waiting {
  readonly session: Session;
}

/** Waiting sessions in the order in which they get slots, fair across tenants by the slots each holds. */
export async function inTurn(
  sessions: SessionRepository,
  queued: readonly Session[],
): Promise<readonly WaitingSession[]> {
  const byTenant = Map.groupBy(queued, (session) => session.request.tenantId);
  const held = await Promise.all(
    [...byTenant].map(async ([tenantId, waiting]): Promise<[TenantId, number]> => {
      return [tenantId, (await sessions.countOpen(tenantId)) - waiting.length];
    }),
  );
  const waiting = queued.map((session) => {
    const { sessionId, tenantId, model } = session.request;
    return { session, sessionId, tenantId, model, enqueuedAtMs: session.createdAtMs };
  });
  return queueOrder(waiting, new Map(held));
}
