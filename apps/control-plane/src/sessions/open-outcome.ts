import type { OpenGroupOutcome, OpenSessionOutcome } from '@meridian/application';
import type { RegionVerdict } from '@meridian/domain';
import { Problem } from '../http/problem.ts';
import { unreachable } from '@meridian/domain';

type Outcome = OpenSessionOutcome | OpenGroupOutcome;
type Refused = Exclude<Outcome, { readonly kind: 'opened' }>;

/** What was opened, or the problem that says why not. */
export function openedOrProblem<O extends Outcome>(outcome: O): Exclude<O, Refused> {
  if (outcome.kind === 'opened') return outcome as Exclude<O, Refused>;
  throw problemOf(outcome);
}

function problemOf(outcome: Refused): Problem {
  switch (outcome.kind) {
    case 'unknown_model': {
      const knownModels = outcome.known.map(({ model, modelVersion }) => ({ model, modelVersion }));
      const names = [
        ...new Set(knownModels.map(({ model, modelVersion }) => `${model} (version ${modelVersion})`)),
      ];
      const known = names.length > 0 ? `known are ${names.join(', ')}` : 'no worker has registered any yet';
      return new Problem('unknown_model', `This model or version is not known; ${known}.`, {
        more: { knownModels },
      });
    }
    case 'no_eligible_region': {
      const { considered } = outcome;
      const detail = `No region can ever serve this (${reasonsOf(considered)}).`;
      return new Problem('no_eligible_region', detail, { more: { considered } });
    }
    case 'no_room_for_group': {
      const { considered } = outcome;
      const detail = `No region has room for the whole group now (${reasonsOf(considered)}); try again, or open fewer together.`;
      return new Problem('no_room_for_group', detail, {
        headers: { 'retry-after': '5' },
        more: { considered },
      });
    }
    case 'session_quota_exceeded':
      return new Problem(
        'session_quota_exceeded',
        `All ${outcome.maxSessions} sessions of this tenant are open; end one and try again.`,
        { headers: { 'retry-after': '5' }, more: { maxSessions: outcome.maxSessions } },
      );
    case 'budget_exhausted':
      return new Problem(
        'budget_exhausted',
        'The wallet or the budget of this tenant has nothing left for this model; top the wallet up, or raise the budget.',
      );
    case 'wait_too_long': {
      const { expectedWaitMs, position, maxWaitMs, considered } = outcome;
      return new Problem(
        'queue_wait_too_long',
        `Every slot is taken: place ${position}, a wait of about ${seconds(expectedWaitMs)} s, and at most ` +
          `${seconds(maxWaitMs)} s are accepted. Try again later, or accept a longer wait with \`maxWaitMs\`.`,
        {
          headers: { 'retry-after': String(seconds(expectedWaitMs - maxWaitMs)) },
          more: { expectedWaitMs, position, maxWaitMs, considered },
        },
      );
    }
    case 'idempotency_key_reused':
      return new Problem(
        'idempotency_key_reused',
        'This Idempotency-Key was used with another body; draw a new key for a new request.',
      );
    default:
      return unreachable(outcome);
  }
}

const reasonsOf = (considered: readonly RegionVerdict[]): string =>
  considered.map(({ region, reason }) => `${region}: ${reason}`).join('; ');

/** Whole seconds, rounded up. */
const seconds = (ms: number): number => Math.ceil(ms / 1_000);
