import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { Activity, Session } from './session.ts';

const ACTIVITIES: Readonly<Record<Activity, SessionActivity>> = {
  connecting: SessionActivity.CONNECTING,
  active: SessionActivity.ACTIVE,
  held: SessionActivity.HELD,
  ended: SessionActivity.ENDED,
};

/** What the worker says of a session now; every call takes the next number (M1). */
export function reportOf(session: Session, nowUs: number): SessionReport {
  const { seq, activeMs, frames, lateFrames } = session.read(nowUs);
  return {
    sessionId: session.id,
    epoch: session.epoch,
    seq,
    activity: ACTIVITIES[session.activity],
    activeMs,
    frames,
    lateFrames,
    endReason: session.endReason,
    startedUs: session.startedUs,
    traceId: session.traceId,
    width: session.width,
    creditMs: session.creditMs,
  };
}
