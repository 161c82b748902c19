import type { Device, SessionId, TenantId } from '@meridian/domain';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { Pairings } from '../ports/pairings.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import { noteDevice } from './note-device.ts';

export interface SessionDevicesPorts {
  readonly sessions: SessionRepository;
  readonly pairings: Pairings;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export type RemoveDeviceOutcome = 'removed' | 'session_not_found' | 'device_not_found';

/** Devices that were paired with a session, for its tenant (S1). */
export interface SessionDevices {
  /** By number, those that were removed too. Undefined: no such session of this tenant. */
  list(tenantId: TenantId, sessionId: SessionId): Promise<readonly Device[] | undefined>;
  /** Its number is free for nobody else; the owner's stream tells the gateway to send it away. Idempotent. */
  remove(tenantId: TenantId, sessionId: SessionId, device: number): Promise<RemoveDeviceOutcome>;
}

export const makeSessionDevices = (ports: SessionDevicesPorts): SessionDevices => ({
  async list(tenantId, sessionId) {
    const session = await ports.sessions.findForTenant(tenantId, sessionId);
    return session && ports.pairings.devices(sessionId);
  },
  async remove(tenantId, sessionId, device) {
    const session = await ports.sessions.findForTenant(tenantId, sessionId);
    if (!session) return 'session_not_found';
    const known = (await ports.pairings.devices(sessionId)).find((one) => one.device === device);
    if (!known) return 'device_not_found';
    if (known.removedAtMs !== undefined) return 'removed';
    await ports.pairings.remove(sessionId, device, ports.clock.nowMs());
    await noteDevice(ports, 'session.device_removed', session, { device });
    return 'removed';
  },
});
