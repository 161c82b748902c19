import type { SessionPage } from '@meridian/application';
import type { Session } from '@meridian/domain';

/** A cursor is the last session of its page: sessions made meanwhile do not shift the next one. */
const cursorOf = ({ createdAtMs, request }: Session): string =>
  Buffer.from(`${createdAtMs} ${request.sessionId}`).toString('base64url');

/** The condition on rows after the cursor, newest first. One that we did not make is taken for none. */
export function pageAfter(cursor: string | undefined) {
  const [, ms, sessionId] =
    /^(\d{1,15}) (ses_[a-z0-9]+)$/.exec(Buffer.from(cursor ?? '', 'base64url').toString()) ?? [];
  if (ms === undefined || sessionId === undefined) return {};
  const createdAt = new Date(Number(ms));
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, sessionId: { lt: sessionId } }] };
}

/** `found` has one session more than the page when there is a next page. */
export function pageFrom(found: readonly Session[], limit: number): SessionPage {
  const sessions = found.slice(0, limit);
  const last = sessions.at(-1);
  return found.length > limit && last ? { sessions, nextCursor: cursorOf(last) } : { sessions };
}
