import type { GroupId, SessionId } from '@meridian/domain';
import { Problem } from '../http/problem.ts';
import { IdParam } from '../http/id-param.ts';

const notFound = (): Problem =>
  new Problem('session_not_found', 'There is no session with this id in your tenant.');

/** Another tenant's session is answered as one that does not exist (S1). */
export function found<T>(session: T | undefined): T {
  if (session === undefined) throw notFound();
  return session;
}

export const SESSION_ID = new IdParam<SessionId>(/^ses_[a-z0-9]{1,64}$/, notFound);

export const noGroup = (): Problem =>
  new Problem('group_not_found', 'There is no group with this id in your tenant.');

export const GROUP_ID = new IdParam<GroupId>(/^grp_[a-z2-7]{1,64}$/, noGroup);
