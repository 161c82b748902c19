// Who may attach to which session. Pure: everything it weighs is handed to it.
// L1. Sessions held here never take more than the worker's slots, whatever the tokens say.
// L2. An epoch below the highest one seen is refused, and so is one whose session has ended here.
import { refusal, type Refusal } from '../refusal.ts';
import type { AttachRequest } from './ports.ts';
import type { Session } from './session.ts';

export type Admission =
  | { readonly kind: 'start' }
  /** The same client is back; an older stream of its gives way. */
  | { readonly kind: 'resume'; readonly session: Session }
  /** Re-placed at a higher epoch onto the worker that still has the session. */
  | { readonly kind: 'move'; readonly session: Session }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

export interface House {
  readonly nowMs: number;
  readonly session: Session | undefined;
  readonly seen: { readonly epoch: number; readonly ended: boolean } | undefined;
  readonly freeSlots: number;
  /** Why no new session is taken at all. */
  readonly closed: Refusal | undefined;
  /** Why the model cannot go on from the checkpoint that came with the request. */
  readonly unusableCheckpoint: Refusal | undefined;
}

export function admit(request: AttachRequest, house: House): Admission {
  const fenced = fencedBy(request, house);
  if (fenced !== undefined) return { kind: 'refuse', refusal: fenced };
  const { session } = house;
  if (session !== undefined) return readmit(request, session);
  const refused = house.closed ?? refusalOfStart(request, house);
  return refused === undefined ? { kind: 'start' } : { kind: 'refuse', refusal: refused };
}

function fencedBy({ grant }: AttachRequest, { seen }: House): Refusal | undefined {
  if (seen === undefined || grant.epoch > seen.epoch) return undefined;
  if (grant.epoch < seen.epoch) {
    return refusal('PERMISSION_DENIED', 'epoch_fenced', `The session has moved on to epoch ${seen.epoch}.`);
  }
  return seen.ended ? refusal('FAILED_PRECONDITION', 'session_ended', 'The session has ended.') : undefined;
}

function readmit(request: AttachRequest, session: Session): Admission {
  if (request.clientKey !== session.clientKey) {
    return {
      kind: 'refuse',
      refusal: refusal('PERMISSION_DENIED', 'token_reused', 'Another client has claimed this session.'),
    };
  }
  return { kind: request.grant.epoch === session.epoch ? 'resume' : 'move', session };
}

function refusalOfStart({ grant }: AttachRequest, house: House): Refusal | undefined {
  if (house.nowMs > grant.claimByMs) {
    return refusal('UNAUTHENTICATED', 'claim_expired', 'The session was not claimed in time.');
  }
  if (house.freeSlots < grant.width) {
    const message = `The session takes ${grant.width} of the worker's slots, of which ${house.freeSlots} are free.`;
    return refusal('RESOURCE_EXHAUSTED', 'slots_full', message);
  }
  return house.unusableCheckpoint;
}
