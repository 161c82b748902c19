// From the wire's words to the SDK's. What an older client does not know stays harmless.
import { DeviceRole as WireRole, NoticeKind, type Notice } from '@meridian/protocol';
import { isRecord } from './errors.ts';
import type { DeviceChange, EndingSoon, SessionEnd, SessionNotice } from './session-events.ts';
import { END_REASONS, type DeviceRole, type EndReason, type Session } from './types.ts';

const NOTICE_KINDS: Partial<Record<NoticeKind, SessionNotice['kind']>> = {
  [NoticeKind.STARTED]: 'started',
  [NoticeKind.RESUMED]: 'resumed',
  [NoticeKind.MIGRATING]: 'migrating',
  [NoticeKind.MIGRATED]: 'migrated',
  [NoticeKind.ENDED]: 'ended',
  [NoticeKind.ENDING_SOON]: 'ending-soon',
  [NoticeKind.DEVICE_JOINED]: 'device-joined',
  [NoticeKind.DEVICE_LEFT]: 'device-left',
  [NoticeKind.WAITING]: 'waiting',
};

const ROLES: Partial<Record<WireRole, DeviceRole>> = {
  [WireRole.OWNER]: 'owner',
  [WireRole.CONTROLLER]: 'controller',
};

export function toNotice({ kind, detail, epoch, nextFrameNumber }: Notice): SessionNotice {
  return { kind: NOTICE_KINDS[kind] ?? 'unknown', detail, epoch, nextFrameNumber };
}

/** `nowMs`: the client's clock. */
export function toEndingSoon({ endReason, endsInMs }: Notice, nowMs: number): EndingSoon {
  return { reason: toEndReason(endReason), endsInMs, endsAtMs: nowMs + endsInMs };
}

/** A role that this client does not know may at least look on. */
export function toDeviceChange({ device, role }: Notice): DeviceChange {
  return { device, role: ROLES[role] ?? 'spectator' };
}

/** How a notice says that the session ended. */
export function endOfNotice({ endReason, detail }: Notice): SessionEnd {
  return { reason: toEndReason(endReason), ...(detail && { detail }) };
}

/** How the record says that the session ended; empty while it has not. */
export function endOfSession({ endReason, endDetail }: Session): Partial<SessionEnd> {
  return { ...(endReason && { reason: endReason }), ...(endDetail && { detail: endDetail }) };
}

export function isSession(value: unknown): value is Session {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['state'] === 'string';
}

function toEndReason(text: string): EndReason {
  return END_REASONS.find((reason) => reason === text) ?? 'client_lost';
}
