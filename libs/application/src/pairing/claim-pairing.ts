import { readPairingCode, type Device, type PairingCode, type Session } from '@meridian/domain';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { Pairings, TakeOutcome } from '../ports/pairings.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { Connection, IssueConnection } from '../sessions/issue-connection.ts';
import type { AttemptLimit } from './attempt-limit.ts';
import { codeHash } from './code-hash.ts';
import { noteDevice } from './note-device.ts';

export interface ClaimPairingPorts {
  readonly sessions: SessionRepository;
  readonly pairings: Pairings;
  readonly issueConnection: IssueConnection;
  readonly attempts: AttemptLimit;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export interface ClaimPairingCommand {
  /** As it was typed. */
  readonly code: string;
  /** Whose attempts are counted together, such as an address. */
  readonly who: string;
}

export type ClaimPairingOutcome =
  | {
      readonly kind: 'paired';
      readonly session: Session;
      readonly device: Device;
      readonly connection: Connection;
    }
  /** Never offered, expired, or used: nobody is told which. */
  | { readonly kind: 'not_found' }
  | { readonly kind: 'session_ended' }
  | { readonly kind: 'too_many_devices' }
  | { readonly kind: 'too_many_attempts'; readonly retryAfterMs: number };

/** Lets the device in that knows the code, once, with a token for the session's newest epoch. */
export type ClaimPairing = (command: ClaimPairingCommand) => Promise<ClaimPairingOutcome>;

export const makeClaimPairing =
  (ports: ClaimPairingPorts): ClaimPairing =>
  async ({ code: typed, who }) => {
    const retryAfterMs = ports.attempts.take(who);
    if (retryAfterMs !== undefined) return { kind: 'too_many_attempts', retryAfterMs };
    const code = readPairingCode(typed);
    const taken = code && (await take(ports, code, who));
    if (!taken || taken.kind === 'not_found') return { kind: 'not_found' };
    // Whoever knows a code of ours guesses none.
    ports.attempts.giveBack(who);
    if (taken.kind !== 'taken') return { kind: taken.kind };
    const session = await ports.sessions.find(taken.sessionId);
    const connection = session && (await ports.issueConnection(session, taken.device));
    // It ended in between.
    if (!session || !connection) return { kind: 'session_ended' };
    const { device, role, label } = taken.device;
    await noteDevice(ports, 'session.device_paired', session, {
      device,
      role,
      ...(label !== undefined && { label }),
    });
    return { kind: 'paired', session, device: taken.device, connection };
  };

/** A store that is away says nothing about the code: the attempt is not counted. */
async function take(
  { pairings, attempts, clock }: ClaimPairingPorts,
  code: PairingCode,
  who: string,
): Promise<TakeOutcome> {
  try {
    return await pairings.take(codeHash(code), clock.nowMs());
  } catch (error) {
    attempts.giveBack(who);
    throw error;
  }
}
