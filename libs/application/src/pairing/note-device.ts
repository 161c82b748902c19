import type { Session } from '@meridian/domain';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';

export type DeviceAction = 'session.pairing_offered' | 'session.device_paired' | 'session.device_removed';

/** Who let which device in is on record; never its code. What cannot be noted is done all the same. */
export async function noteDevice(
  {
    audit,
    clock,
    incidents,
  }: { readonly audit: AuditLog; readonly clock: Clock; readonly incidents: Incidents },
  action: DeviceAction,
  { request: { tenantId, sessionId }, lease }: Session,
  detail: object,
): Promise<void> {
  const where = lease ? { region: lease.region } : {};
  const note = { atMs: clock.nowMs(), actor: tenantId, action, tenantId, sessionId, ...where, detail };
  await audit.note(note).catch((error: unknown) => incidents.note('device not noted', error, { sessionId }));
}
