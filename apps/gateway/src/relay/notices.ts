import { NoticeKind, PlayResponse, type Notice } from '@meridian/protocol';
import { Envelope } from '@meridian/worker-client';

const notice = (value: Notice): Envelope =>
  Envelope.of(PlayResponse.encode({ message: { $case: 'notice', value }, gatewaySentUs: 0 }).finish());

export const migrating = (epoch: number, nextFrameNumber: number): Envelope =>
  notice({
    kind: NoticeKind.MIGRATING,
    endReason: '',
    detail: 'The worker was lost; looking for another one.',
    epoch,
    nextFrameNumber,
  });

export const migrated = (epoch: number, nextFrameNumber: number): Envelope =>
  notice({
    kind: NoticeKind.MIGRATED,
    endReason: '',
    detail: 'The session goes on at another worker.',
    epoch,
    nextFrameNumber,
  });

export const workerLost = (epoch: number, nextFrameNumber: number): Envelope =>
  notice({
    kind: NoticeKind.ENDED,
    endReason: 'worker_lost',
    detail: 'The worker was lost and no other has a free slot.',
    epoch,
    nextFrameNumber,
  });

/** The number of the next frame that a worker's notice tells. */
export function nextFrameNumberIn(envelope: Envelope): number {
  const { message } = PlayResponse.decode(envelope.message);
  return message?.$case === 'notice' ? message.value.nextFrameNumber : 0;
}
