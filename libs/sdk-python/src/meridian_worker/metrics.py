"""What Prometheus scrapes: the names of the TypeScript worker, so that one dashboard shows both."""

from collections import Counter as Tally
from collections.abc import Callable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from meridian_worker.engine.session import Session

MS_BUCKETS = (0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 40, 60, 100, 250, 1_000)
# Fine around the deadline: the density bench reads percentiles from them.
FRAME_MS_BUCKETS = (*range(1, 21), *range(22, 41, 2), 45, 50, 60, 80, 100, 200, 500)


class WorkerMetrics:
    def __init__(self, region: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._labels = {"service": "worker", "region": region}
        self._step = self._histogram("meridian_step_ms", "A step of a whole batch", MS_BUCKETS)
        self._encode = self._histogram("meridian_encode_ms", "A frame to an image", MS_BUCKETS)
        self._frame = self._histogram(
            "meridian_frame_ms", "From when a frame was due until it was handed to its stream", FRAME_MS_BUCKETS
        )
        self._steps = self._counter("meridian_session_steps_total", "Sessions stepped, batches unrolled")
        self._frames = self._counter("meridian_frames_sent_total", "Frames handed to a stream")
        self._late = self._counter("meridian_frames_late_total", "Frames handed over later than 40 ms after they were due")
        self._skipped = self._counter("meridian_frames_skipped_total", "Frames never stepped")
        self._faults = self._counter("meridian_model_faults_total", "Steps that failed or hung")
        self._failed = self._counter("meridian_fleet_calls_failed_total", "Control plane calls without answer")
        names = (*self._labels, "activity")
        self._sessions = Gauge("meridian_sessions", "Sessions on this worker", names, registry=self._registry)
        self._slowed = Gauge(
            "meridian_sessions_slowed", "Sessions whose clients do not keep up", tuple(self._labels), registry=self._registry
        )
        names = (*self._labels, "reason")
        self._ended = Counter(
            "meridian_sessions_ended_total", "Sessions that ended on this worker", names, registry=self._registry
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def stepped(self, ms: float, sessions: int) -> None:
        self._step.observe(ms)
        self._steps.inc(sessions)

    def encoded(self, ms: float) -> None:
        self._encode.observe(ms)

    def frame_sent(self, due_to_sent_ms: float, late: bool) -> None:
        self._frames.inc()
        self._late.inc(late)
        self._frame.observe(due_to_sent_ms)

    def skipped(self, frames: int) -> None:
        self._skipped.inc(frames)

    def model_fault(self) -> None:
        self._faults.inc()

    def fleet_call_failed(self) -> None:
        self._failed.inc()

    def ended(self, reason: str) -> None:
        self._ended.labels(**self._labels, reason=reason).inc()

    def watch(self, live: Callable[[], Sequence[Session]]) -> None:
        """What is only counted when somebody looks."""
        slowed = self._slowed.labels(**self._labels)
        slowed.set_function(lambda: sum(session.is_slowed for session in live()))

    def sessions(self, live: Sequence[Session]) -> None:
        tally = Tally(session.activity for session in live)
        for activity in ("connecting", "active", "held"):
            self._sessions.labels(**self._labels, activity=activity).set(tally[activity])

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, tuple(self._labels), registry=self._registry).labels(**self._labels)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, text, tuple(self._labels), registry=self._registry, buckets=buckets).labels(**self._labels)
