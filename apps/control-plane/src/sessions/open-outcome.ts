import type { OpenSessionOutcome } from '@meridian/application';
import type { Session } from '@meridian/domain';
import { Problem } from '../http/problem.ts';
import { unreachable } from '@meridian/domain';

export interface Opened {
  readonly session: Session;
  readonly replayed: boolean;
}

/** What was opened, or the problem that says why not. */
export function openedOrProblem(outcome: OpenSessionOutcome): Opened {
  switch (outcome.kind) {
    case 'opened':
      return outcome;
    case 'unknown_model': {
      const knownModels = outcome.known.map(({ model, modelVersion }) => ({ model, modelVersion }));
      const names = [
        ...new Set(knownModels.map(({ model, modelVersion }) => `${model} (version ${modelVersion})`)),
      ];
      const known = names.length > 0 ? `known are ${names.join(', ')}` : 'no worker has registered any yet';
      throw new Problem('unknown_model', `This model or version is not known; ${known}.`, {
        more: { knownModels },
      });
    }
    case 'no_eligible_region': {
      const reasons = outcome.considered.map(({ region, reason }) => `${region}: ${reason}`).join('; ');
      throw new Problem('no_eligible_region', `No region can ever serve this session (${reasons}).`, {
        more: { considered: outcome.considered },
      });
    }
    case 'session_quota_exceeded':
      throw new Problem(
        'session_quota_exceeded',
        `All ${outcome.maxSessions} sessions of this tenant are open; end one and try again.`,
        { headers: { 'retry-after': '5' }, more: { maxSessions: outcome.maxSessions } },
      );
    case 'idempotency_key_reused':
      throw new Problem(
        'idempotency_key_reused',
        'This Idempotency-Key was used with another body; draw a new key for a new request.',
      );
    default:
      return unreachable(outcome);
  }
}
