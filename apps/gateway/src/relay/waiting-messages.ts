// What waits for a slow client: the newest whole frame wins. Notices are never dropped and keep their place.
// A keyframe is one that later frames may refer to, so it gives way only to a newer keyframe; then nothing refers to
// the frames before it either. At most two frames wait: a keyframe and the newest frame after it.
import type { Envelope, PeekedFrame } from '@meridian/worker-client';

export interface WaitingMessage {
  readonly kind: 'notice' | 'keyframe' | 'frame';
  readonly envelope: Envelope;
  /** When it came from the worker, ms of the monotonic clock. */
  readonly receivedAtMs: number;
  /** What was seen of it; undefined for a notice. */
  readonly frame: PeekedFrame | undefined;
}

/** The messages that wait once `next` has come, in order. */
export function withNext(
  waiting: readonly WaitingMessage[],
  next: WaitingMessage,
): readonly WaitingMessage[] {
  const isOutdated = {
    notice: () => false,
    frame: (older: WaitingMessage) => older.kind === 'frame',
    keyframe: (older: WaitingMessage) => older.kind !== 'notice',
  }[next.kind];
  return [...waiting.filter((older) => !isOutdated(older)), next];
}
