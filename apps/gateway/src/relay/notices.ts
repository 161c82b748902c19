import { DeviceRole, Notice, NoticeKind, PlayResponse } from '@meridian/protocol';
import { Envelope } from '@meridian/worker-client';
import type { MoveCause } from '../metrics.ts';
import type { Role } from './requests.ts';

/** Where a session stands: what every notice says of it. */
export interface Standing {
  readonly epoch: number;
  /** The number that its next frame has at least. */
  readonly nextFrame: number;
}

const notice = ({ epoch, nextFrame }: Standing, said: Partial<Notice>): Envelope => {
  const value = Notice.fromPartial({ ...said, epoch, nextFrameNumber: nextFrame });
  return Envelope.of(PlayResponse.encode({ message: { $case: 'notice', value }, gatewaySentUs: 0 }).finish());
};

const WHY: Readonly<Record<MoveCause, string>> = {
  lost: 'The worker was lost; looking for another one.',
  drain: 'The worker makes room; the session goes on at another one.',
};

export const migrating = (cause: MoveCause, standing: Standing): Envelope =>
  notice(standing, { kind: NoticeKind.MIGRATING, detail: WHY[cause] });

/** With the token of the new place for the owner, and nobody else. */
export const migrated = (standing: Standing, sessionToken = ''): Envelope =>
  notice(standing, {
    kind: NoticeKind.MIGRATED,
    detail: 'The session goes on at another worker.',
    sessionToken,
  });

export const workerLost = (detail: string, standing: Standing): Envelope =>
  notice(standing, { kind: NoticeKind.ENDED, endReason: 'worker_lost', detail });

/** Many clients come at once, and this one has its turn later. */
export const waiting = (epoch: number): Envelope =>
  notice(
    { epoch, nextFrame: 0 },
    { kind: NoticeKind.WAITING, detail: 'Many come back at once; this stream waits for its turn.' },
  );

/** What a paired device hears first, as the owner hears it from the worker. */
export const greeting = (kind: NoticeKind.STARTED | NoticeKind.RESUMED, standing: Standing): Envelope =>
  notice(standing, { kind });

const ROLES: Readonly<Record<Role, DeviceRole>> = {
  owner: DeviceRole.OWNER,
  controller: DeviceRole.CONTROLLER,
  spectator: DeviceRole.SPECTATOR,
};

export const deviceNotice = (
  kind: NoticeKind.DEVICE_JOINED | NoticeKind.DEVICE_LEFT,
  { device, role }: { readonly device: number; readonly role: Role },
  standing: Standing,
): Envelope => notice(standing, { kind, device, role: ROLES[role] });

/** The number of the next frame that a worker's notice tells. */
export function nextFrameNumberIn(envelope: Envelope): number {
  const { message } = PlayResponse.decode(envelope.message);
  return message?.$case === 'notice' ? message.value.nextFrameNumber : 0;
}
