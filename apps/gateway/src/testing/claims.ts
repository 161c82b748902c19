import type { SessionTokenClaims } from '@meridian/protocol/session-token';

/** What a session token of the owner says. */
export const claimsOf = (sessionId: string, epoch = 1): SessionTokenClaims => ({
  ...{ sessionId, epoch, region: 'us-east', workerId: 'us-east-1', workerAddress: '127.0.0.1:1' },
  ...{ tenantId: 'ten_test', pool: 'us-east/cpu/test@1', slot: 0, width: 1, claimByMs: 0 },
  ...{ holdMs: 30_000, idleMs: 300_000, maxDurationMs: 7_200_000 },
  ...{ device: 0, role: 'owner' },
});
