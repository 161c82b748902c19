import { createHash } from 'node:crypto';
import type { SessionId, SessionRequest, TenantId } from '@meridian/domain';
import type { Draw } from './ports/clock.ts';

/** 128 bits in base32. */
const ID_CHARS = 26;
const ID_BYTES = 16;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export const drawId = (prefix: string, draw: Draw): string =>
  `${prefix}_${draw.token(ID_BYTES).slice(0, ID_CHARS)}`;

/**
 * L3. With an idempotency key the id follows from tenant and key: a retried open reserves under the same id, and so
 * gets the same lease, even when nothing of the first attempt was recorded.
 */
export const sessionIdFor = (tenantId: TenantId, key: string | undefined, draw: Draw): SessionId =>
  (key === undefined
    ? drawId('ses', draw)
    : `ses_${base32(sha256(`${tenantId}\n${key}`)).slice(0, ID_CHARS)}`) as SessionId;

/** SHA-256 of what was asked for, hex; the trace is no part of it, since a retry has another. */
export function requestHash({
  sessionId: _id,
  tenantId: _tenant,
  traceId: _trace,
  ...asked
}: SessionRequest): string {
  const sorted = (record: object): unknown => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const canonical = sorted({ ...asked, rttMs: sorted(asked.rttMs), metadata: sorted(asked.metadata) });
  return sha256(JSON.stringify(canonical)).toString('hex');
}

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** RFC 4648 alphabet in lower case, without padding. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join('');
}
