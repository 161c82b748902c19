"""What the engine tells, to whom it concerns: heartbeats, health figures, metrics, logs."""

from collections.abc import Sequence

from meridian_worker.engine.engine import Engine
from meridian_worker.engine.pace import Pace
from meridian_worker.engine.ports import EndedSession
from meridian_worker.fleet.fleet_link import FleetLink
from meridian_worker.log import Logger
from meridian_worker.metrics import WorkerMetrics


class WorkerEvents:
    def __init__(self, pace: Pace, metrics: WorkerMetrics, logger: Logger) -> None:
        self._pace = pace
        self._metrics = metrics
        self._logger = logger
        self._audience: tuple[Engine, FleetLink] | None = None

    def listen(self, engine: Engine, link: FleetLink) -> None:
        """Both are made after these events, and hear of changes from now on."""
        self._audience = (engine, link)
        self._metrics.watch(lambda: engine.sessions)

    def changed(self) -> None:
        if self._audience is not None:
            engine, link = self._audience
            self._metrics.sessions(engine.sessions)
            link.changed()

    def ended(self, session: EndedSession) -> None:
        self._metrics.ended(session.reason)
        self._logger.info(
            "session ended",
            sessionId=session.session_id,
            traceId=session.trace_id,
            epoch=session.epoch,
            reason=session.reason,
        )

    def stepped(self, ms: float, sessions: int) -> None:
        self._pace.stepped(ms)
        self._metrics.stepped(ms, sessions)

    def frame_sent(self, step_to_sent_ms: float, due_to_sent_ms: float, late: bool) -> None:
        self._pace.frame_sent(step_to_sent_ms, late)
        self._metrics.frame_sent(due_to_sent_ms, late)

    def skipped(self, frames: int) -> None:
        self._metrics.skipped(frames)

    def model_fault(self, why: str, session_ids: Sequence[str]) -> None:
        self._metrics.model_fault()
        self._logger.error("the model failed", why=why, sessionIds=list(session_ids))
