from meridian_worker.engine.session import Session
from meridian_worker.protocol import (
    SESSION_ACTIVITY_ACTIVE,
    SESSION_ACTIVITY_CONNECTING,
    SESSION_ACTIVITY_ENDED,
    SESSION_ACTIVITY_HELD,
    SessionReport,
)

ACTIVITIES = {
    "connecting": SESSION_ACTIVITY_CONNECTING,
    "active": SESSION_ACTIVITY_ACTIVE,
    "held": SESSION_ACTIVITY_HELD,
    "ended": SESSION_ACTIVITY_ENDED,
}


def report_of(session: Session, now_us: int) -> SessionReport:
    """What the worker says of a session now; every call takes the next number (M1)."""
    reading = session.read(now_us)
    return SessionReport(
        session_id=session.id,
        epoch=session.epoch,
        seq=reading.seq,
        activity=ACTIVITIES[session.activity],
        active_ms=reading.active_ms,
        frames=reading.frames,
        late_frames=reading.late_frames,
        end_reason=session.end_reason,
        started_us=session.started_us,
        trace_id=session.trace_id,
        width=session.width,
        credit_ms=session.credit.ms,
    )
