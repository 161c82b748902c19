import { createHash } from 'node:crypto';
import type { GroupId, SessionId, SessionRequest, TenantId } from '@meridian/domain';
import type { Draw } from './ports/clock.ts';

/** 128 bits in base32. */
const ID_CHARS = 26;
const ID_BYTES = 16;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export const drawId = (prefix: string, draw: Draw): string =>
  `${prefix}_${draw.token(ID_BYTES).slice(0, ID_CHARS)}`;

/** A number in [0, 1). */
export const unitDraw = (draw: Draw): number =>
  [...draw.token(4)].reduce((sum, char, i) => sum + BASE32.indexOf(char) / 32 ** (i + 1), 0);

/**
 * L3. With an idempotency key the id follows from tenant and key: a retried open reserves under the same id, and so
 * gets the same lease, even when nothing of the first attempt was recorded.
 */
export const sessionIdFor = (tenantId: TenantId, key: string | undefined, draw: Draw): SessionId =>
  (key === undefined
    ? drawId('ses', draw)
    : `ses_${base32(sha256(`${tenantId}\n${key}`)).slice(0, ID_CHARS)}`) as SessionId;

/** Two letters at the end of a member's id say which member it is: sorted by their ids, members are in their order. */
const ORDINAL_CHARS = 2;

/** Ids of a group and its sessions, which follow from tenant and key as that of a session does (L3). */
export function groupIdsFor(
  tenantId: TenantId,
  key: string | undefined,
  size: number,
  draw: Draw,
): { readonly groupId: GroupId; readonly sessionIds: readonly SessionId[] } {
  const stem = sessionIdFor(tenantId, key, draw).slice(0, -ORDINAL_CHARS);
  const ordinal = (member: number): string =>
    LETTERS.charAt(Math.floor(member / 26)) + LETTERS.charAt(member % 26);
  return {
    groupId: stem.replace(/^ses/, 'grp') as GroupId,
    sessionIds: Array.from({ length: size }, (_, member) => `${stem}${ordinal(member)}` as SessionId),
  };
}

const LETTERS = BASE32.slice(0, 26);

/** SHA-256 of what the members of a group asked for, in their order, hex. */
export const groupRequestHash = (requests: readonly SessionRequest[]): string =>
  sha256(requests.map(requestHash).join()).toString('hex');

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
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value & 0xf) << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32.charAt((value >>> (bits - 5)) & 31);
  }
  return text;
}
