import type { GroupMemberCommand } from '@meridian/application';
import type { z } from 'zod';
import { defined } from '../http/schemas.ts';
import type { OpenGroup } from './session.schemas.ts';

/** What one session asks for by itself, alone or in a group. */
export function toMember({
  rttMs = {},
  metadata = {},
  gpus,
  rttMeasuredAt,
}: z.output<typeof OpenGroup>['members'][number]): GroupMemberCommand {
  const rttMeasuredAtMs = rttMeasuredAt === undefined ? undefined : Date.parse(rttMeasuredAt);
  return { rttMs, metadata, ...defined({ gpus, rttMeasuredAtMs }) };
}
