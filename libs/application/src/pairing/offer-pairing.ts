import {
  DEVICES_MAX,
  nextDeviceNumber,
  PAIRING_CODE_BYTES,
  PAIRING_TTL_MS,
  pairingCodeOf,
  type DeviceRole,
  type PairingCode,
  type SessionId,
  type TenantId,
} from '@meridian/domain';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { Pairings } from '../ports/pairings.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import { codeHash } from './code-hash.ts';
import { noteDevice } from './note-device.ts';

export interface OfferPairingPorts {
  readonly sessions: SessionRepository;
  readonly pairings: Pairings;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly incidents: Incidents;
}

export interface OfferPairingCommand {
  readonly tenantId: TenantId;
  readonly sessionId: SessionId;
  readonly role: DeviceRole;
  readonly label?: string;
}

export type OfferPairingOutcome =
  | { readonly kind: 'offered'; readonly code: PairingCode; readonly expiresAtMs: number }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'session_ended' }
  /** It waits for a slot: a device would have nowhere to connect to. */
  | { readonly kind: 'session_queued' }
  | { readonly kind: 'too_many_devices'; readonly devicesMax: number };

/** A code with which one other device may join the session, in this role. */
export type OfferPairing = (command: OfferPairingCommand) => Promise<OfferPairingOutcome>;

export const makeOfferPairing =
  (ports: OfferPairingPorts): OfferPairing =>
  async ({ tenantId, sessionId, role, label }) => {
    const session = await ports.sessions.findForTenant(tenantId, sessionId);
    if (!session) return { kind: 'not_found' };
    if (session.state === 'ended') return { kind: 'session_ended' };
    if (!session.lease) return { kind: 'session_queued' };
    if (nextDeviceNumber(await ports.pairings.devices(sessionId)) === undefined) {
      return { kind: 'too_many_devices', devicesMax: DEVICES_MAX };
    }
    const asked = { role, ...(label !== undefined && { label }) };
    const createdAtMs = ports.clock.nowMs();
    const expiresAtMs = createdAtMs + PAIRING_TTL_MS;
    for (;;) {
      const code = pairingCodeOf(ports.draw.token(PAIRING_CODE_BYTES));
      const offer = { sessionId, ...asked, codeHash: codeHash(code), createdAtMs, expiresAtMs };
      if (!(await ports.pairings.offer(offer))) continue;
      await noteDevice(ports, 'session.pairing_offered', session, { ...asked, expiresAtMs });
      return { kind: 'offered', code, expiresAtMs };
    }
  };
