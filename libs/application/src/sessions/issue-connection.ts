import type { Device, LeaseRef, Session } from '@meridian/domain';
import type { CreditLeases } from '../billing/credit-leases.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionTokens } from '../ports/session-tokens.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import type { SessionPolicy } from '../policy.ts';

export interface IssueConnectionPorts {
  readonly tokens: SessionTokens;
  readonly clock: Clock;
  readonly policies: PoliciesInForce;
  readonly credit: CreditLeases;
  readonly policy: SessionPolicy;
}

export interface Connection {
  readonly token: string;
  readonly lease: LeaseRef;
  /** The first stream must open before this, Unix ms. */
  readonly claimByMs: number;
}

/**
 * A fresh token for the session's current lease, of its owner or of a device that was paired with it; undefined while it
 * has none (queued) or needs none (ended).
 */
export type IssueConnection = (
  session: Session,
  device?: Pick<Device, 'device' | 'role'>,
) => Promise<Connection | undefined>;

export const makeIssueConnection =
  ({ tokens, clock, policies, policy, credit }: IssueConnectionPorts): IssueConnection =>
  async (session, device) => {
    const { request, lease, state, claimByMs, firstActiveAtMs } = session;
    if (!lease || state === 'ended') return undefined;
    const { holdMs, idleMs, ...limits } = (await policies.of(request.model)).limits;
    const nowMs = clock.nowMs();
    // A worker that serves the session does not look at it; one that takes it over needs a new one.
    const claimBy = claimByMs ?? nowMs + policy.claimTtlMs;
    // A worker counts from when it took the session; one that takes it over gets what is left.
    const maxDurationMs = Math.max(0, limits.maxDurationMs - (nowMs - (firstActiveAtMs ?? nowMs)));
    // A worker that serves the session at this epoch knows how much of it is used, and does not look at the token's.
    const creditMs = device ? undefined : await credit.leaseFor(session, 0);
    const { region, pool, workerId, workerAddress, slot, width, epoch } = lease;
    const token = await tokens.issue({
      ...{
        sessionId: request.sessionId,
        tenantId: request.tenantId,
        region,
        pool,
        workerId,
        workerAddress,
        slot,
        width,
      },
      ...{ epoch, claimByMs: claimBy, holdMs, idleMs, maxDurationMs },
      ...(creditMs !== undefined && { creditMs }),
      ...(device && { device: device.device, role: device.role }),
    });
    return { token, lease, claimByMs: claimBy };
  };
