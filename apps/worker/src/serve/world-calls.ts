// Calls of the region's own processes on the worlds of live sessions: asked and answered in the words of worker.proto.
import type {
  CheckpointRequest,
  CheckpointResponse,
  ForkRequest,
  ForkResponse,
  RestoreRequest,
  RestoreResponse,
} from '@meridian/protocol/worker';
import type { Outcome, Worlds } from '../engine/worlds.ts';
import { RefusalError } from '../refusal.ts';

const CLAIM_MS = { default: 60_000, max: 600_000 } as const;
const SESSION_ID_MAX = 64;

export function checkpoint(worlds: Worlds, { sessionId, epoch }: CheckpointRequest): CheckpointResponse {
  return { checkpoint: valueOf(worlds.checkpoint(sessionId, epoch)) };
}

export function restore(worlds: Worlds, request: RestoreRequest): RestoreResponse {
  const { sessionId, epoch, checkpoint } = request;
  if (checkpoint === undefined)
    throw malformed('checkpoint', 'It says what to go back to, and is not there.');
  return { nextFrameNumber: valueOf(worlds.restore(sessionId, epoch, checkpoint)) };
}

export function fork(worlds: Worlds, request: ForkRequest): ForkResponse {
  const { sessionId, epoch, forkSessionId } = request;
  const claimMs = request.claimMs || CLAIM_MS.default;
  if (forkSessionId === '' || forkSessionId.length > SESSION_ID_MAX) {
    throw malformed('fork_session_id', `It has 1 to ${SESSION_ID_MAX} characters.`);
  }
  if (claimMs > CLAIM_MS.max) throw malformed('claim_ms', `It is at most ${CLAIM_MS.max}.`);
  return { frameNumber: valueOf(worlds.fork({ sessionId, epoch, forkSessionId, claimMs })) };
}

function valueOf<Value>(outcome: Outcome<Value>): Value {
  if (outcome.kind === 'refused') throw RefusalError.of(outcome.refusal);
  return outcome.value;
}

function malformed(field: string, rule: string): RefusalError {
  return new RefusalError('INVALID_ARGUMENT', 'malformed_message', `${field}: ${rule}`);
}
