import type { PlacementPolicy, SessionRequest } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { PoliciesInForce, PolicyInForce } from '../policies/policies-in-force.ts';
import type { QueueView } from './queue-view.ts';

export interface AdmitToQueuePorts {
  readonly queue: QueueView;
  readonly policies: PoliciesInForce;
  readonly clock: Clock;
}

/** What a session is told first; its first event says both. */
export interface ToldWait {
  readonly etaMs: number;
  /** Before it was corrected. */
  readonly estimateMs: number;
}

export interface Admitted {
  readonly kind: 'admitted';
  readonly told: ToldWait;
}

/** The wait to be expected exceeds the patience of the caller, or of the model's policy. */
export interface WaitTooLong {
  readonly kind: 'wait_too_long';
  readonly position: number;
  readonly expectedWaitMs: number;
  readonly maxWaitMs: number;
}

/**
 * Whether a session for which nothing is free may wait. Its place counts for those who come after it at once, though
 * it is not in the record yet.
 * @param weight of its tenant
 */
export type AdmitToQueue = (request: SessionRequest, weight: number) => Promise<Admitted | WaitTooLong>;

export const makeAdmitToQueue =
  ({ queue, policies, clock }: AdmitToQueuePorts): AdmitToQueue =>
  async (request, weight) => {
    const { model } = request;
    const maxWaitMs = patienceAtOpen(request, await policies.of(model));
    const look = await queue.read();
    const line = await look.line(model);
    // From here on without a pause, or two who come at once would be told the same place.
    const newcomer = line.behind({ request, weight, createdAtMs: clock.nowMs() });
    const { position, etaMs } = queue.told(model, newcomer);
    if (etaMs > maxWaitMs) return { kind: 'wait_too_long', position, expectedWaitMs: etaMs, maxWaitMs };
    look.join(line, newcomer);
    return { kind: 'admitted', told: { etaMs, estimateMs: newcomer.estimateMs } };
  };

/**
 * An estimate refuses a session only where someone named a limit: the caller, or an operator for the model. With neither
 * it may wait and hope, until `patienceMs` is over.
 */
const patienceAtOpen = ({ maxWaitMs }: SessionRequest, { policy, source }: PolicyInForce): number =>
  maxWaitMs ?? (source === 'model' ? policy.maxWaitMs : Infinity);

/** How long a session may wait, ms; after that it ends with `queue_expired`. */
export const patienceMs = ({ maxWaitMs }: SessionRequest, policy: PlacementPolicy): number =>
  maxWaitMs ?? policy.maxWaitMs;
