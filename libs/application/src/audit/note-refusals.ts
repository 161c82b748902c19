import type { RegionVerdict } from '@meridian/domain';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { OpenSession, OpenSessionCommand, OpenSessionOutcome } from '../sessions/open-session.ts';

export interface NoteRefusalsPorts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

/** Opens as before; a placement that was refused leaves no session, so the audit log keeps what was asked and why not. */
export const noteRefusals =
  (openSession: OpenSession, ports: NoteRefusalsPorts): OpenSession =>
  async (command) => {
    const outcome = await openSession(command);
    const refusal = refusalOf(outcome);
    if (refusal) await note(ports, command, refusal);
    return outcome;
  };

interface Refused {
  readonly code: string;
  readonly considered: readonly RegionVerdict[];
}

function refusalOf(outcome: OpenSessionOutcome): Refused | undefined {
  return outcome.kind === 'no_eligible_region' || outcome.kind === 'wait_too_long'
    ? { code: outcome.kind, considered: outcome.considered }
    : undefined;
}

async function note(
  { audit, clock, incidents }: NoteRefusalsPorts,
  { tenant: { tenantId }, metadata: _metadata, idempotencyKey: _key, ...asked }: OpenSessionCommand,
  refused: Refused,
): Promise<void> {
  const detail = { asked, ...refused };
  const entry = { atMs: clock.nowMs(), actor: tenantId, action: 'session.refused', tenantId, detail };
  await audit.note(entry).catch((error: unknown) => incidents.note('refusal not noted', error, { tenantId }));
}
