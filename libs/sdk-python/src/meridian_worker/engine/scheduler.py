# S1. All sessions that are due share a batch, up to the size that warm-up found best; those due within the next moment
#     come along. When they are too many, turns go round: an overloaded worker gives everyone the same rate.
# S2. One step runs at a time. A session is never in two batches. Its state and its frame number advance together: a frame
#     goes to whichever stream is attached when it is made, and leaves a gap when none is. What was made of a state that
#     was replaced meanwhile is dropped.
# S3. A step that fails taints its whole batch: each of those sessions is then stepped alone until it succeeds, and one
#     that fails alone, after an earlier failure, is the culprit.
# S4. While nothing changes but actions, limits, and what is told ahead of them, only move away: they are looked at when the
#     first of them may have come, and when a session begins to use up its credit.
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meridian_worker.clock import Cancel, Clock
from meridian_worker.engine.cadence import is_late
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.ports import (
    ActionInForce,
    EngineEvents,
    StateId,
    StepFailed,
    StepOrder,
    Stepped,
    SteppedFrame,
    SteppingModel,
)
from meridian_worker.engine.session import Session
from meridian_worker.protocol import NOTICE_KIND_ENDING_SOON

CHECKPOINT_INTERVAL_US = 1_000_000
FAILURES_MAX = 2
# A step that begins this much early costs no session a frame, and saves one batch.
EARLY_US = 1_500

LIMIT_DETAILS = {
    "idle": "Nothing was done for too long.",
    "duration_limit": "The session has reached its longest duration.",
    "client_lost": "The client did not come back in time.",
    "budget_exhausted": "The budget that paid for the session is used up.",
}
WARNINGS = {
    "idle": "The session ends soon unless something is done.",
    "duration_limit": "The session soon reaches its longest duration.",
    "budget_exhausted": "The budget that pays for the session is nearly used up.",
}


@dataclass(frozen=True, slots=True)
class SchedulerPorts:
    clock: Clock
    model: SteppingModel
    batch_max: int
    events: EngineEvents
    # Whether a state is small enough to be sent as a checkpoint.
    movable: bool
    sessions: Callable[[], Iterable[Session]]
    # A limit of the session's, or the model, has ended it: session, reason, detail.
    end: Callable[[Session, str, str], None]


@dataclass(frozen=True, slots=True)
class _Begun:
    session: Session
    state: StateId
    action: ActionInForce
    due_us: int
    pack: bool


class Scheduler:
    def __init__(self, ports: SchedulerPorts) -> None:
        self._ports = ports
        self._cancel_timer: Cancel | None = None
        self._stepping = False
        self._turns = 0
        self._limit_at_us = math.inf
        self._stopped = False

    def changed(self) -> None:
        """To be called when a session came, left, or got or lost its stream."""
        self._limit_at_us = min((session.limits.next_us for session in self._ports.sessions()), default=math.inf)
        self._wake()

    def _wake(self) -> None:
        if self._stopped:
            return
        now_us = self._ports.clock.now_us()
        if now_us >= self._limit_at_us:
            self._end_due(now_us)
            return self.changed()
        if not self._stepping:
            batch = self._batch_due(now_us)
            if batch:
                self._step(batch, now_us)
        self._arm()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self) -> None:
        """For good."""
        self._stopped = True
        self._disarm()

    def _end_due(self, now_us: int) -> None:
        for session in list(self._ports.sessions()):
            limit = session.limits.first
            if limit.at_us <= now_us:
                self._ports.end(session, limit.reason, LIMIT_DETAILS[limit.reason])
            elif session.stream is not None and session.limits.take_warning(now_us) is not None:
                detail, ends_in_ms = WARNINGS[limit.reason], int(limit.at_us - now_us) // 1_000
                session.stream.notice(session.notice(NOTICE_KIND_ENDING_SOON, limit.reason, detail, ends_in_ms))

    def _batch_due(self, now_us: int) -> list[Session]:
        steppable = self._steppable()
        if all(session.due_us > now_us for session in steppable):
            return []
        due = sorted((each for each in steppable if each.due_us <= now_us + EARLY_US), key=lambda each: each.turn)
        if due[0].failures > 0:
            return due[:1]
        return [session for session in due if session.failures == 0][: self._ports.batch_max]

    def _steppable(self) -> list[Session]:
        return [
            each for each in self._ports.sessions() if each.stream is not None and not each.stepping and not each.leaving
        ]

    def _arm(self) -> None:
        self._disarm()
        dues = [] if self._stepping else [session.due_us for session in self._steppable()]
        at_us = min((self._limit_at_us, *dues))
        if at_us < math.inf:
            self._cancel_timer = self._ports.clock.at(at_us, self._wake)

    def _disarm(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    def _step(self, batch: list[Session], started_us: int) -> None:
        self._stepping = True
        begun = [self._begin(session, started_us) for session in batch]
        orders = [StepOrder(step.state, step.action.values, step.pack) for step in begun]

        def done(outcome: Stepped | StepFailed) -> None:
            for session in batch:
                session.stepping = False
            self._stepping = False
            if isinstance(outcome, StepFailed):
                self._failed(batch, outcome.message)
            else:
                self._deliver(begun, outcome, started_us)
            self._wake()

        self._ports.model.step(orders, done)

    def _begin(self, session: Session, now_us: int) -> _Begun:
        before = session.activity
        self._turns += 1
        if session.step_begins(now_us, self._turns):
            self._limit_at_us = min(self._limit_at_us, session.limits.next_us)
        if session.activity != before:
            self._ports.events.changed()
        assert session.state is not None, "a session that is stepped has a state"
        return _Begun(
            session=session,
            state=session.state,
            action=session.action,
            due_us=session.due_us,
            pack=now_us - session.checkpoint_us >= CHECKPOINT_INTERVAL_US,
        )

    def _deliver(self, begun: list[_Begun], stepped: Stepped, started_us: int) -> None:
        ended_us = self._ports.clock.now_us()
        self._ports.events.stepped((ended_us - started_us) / 1_000, len(begun))
        for step, rgb in zip(begun, stepped.frames, strict=True):
            if step.session.state != step.state:
                continue
            if rgb is None:
                self._failed([step.session], "The model answered with a state that is not usable.")
            else:
                self._advance(step, rgb, stepped.packed.get(step.state), started_us, ended_us)

    def _advance(self, step: _Begun, rgb: bytes, packed: bytes | None, started_us: int, ended_us: int) -> None:
        session = step.session
        skipped = session.step_ended(ended_us)
        if skipped > 0:
            self._ports.events.skipped(skipped)
        if session.stream is None:
            return
        image = session.image_format(ended_us)
        if image is not None:
            session.stream.frame(self._frame_of(step, image, rgb, started_us, ended_us))
        if packed is None:
            return
        session.checkpoint_us = started_us
        if self._ports.movable:
            description = self._ports.model.description
            session.stream.checkpoint(session.checkpoint(description.model, description.version, packed))

    def _frame_of(self, step: _Begun, image: ImageFormat, rgb: bytes, started_us: int, ended_us: int) -> SteppedFrame:
        session = step.session

        def sent(at_us: int) -> None:
            late = is_late(step.due_us, at_us)
            session.frame_sent(late)
            self._ports.events.frame_sent((at_us - ended_us) / 1_000, (at_us - step.due_us) / 1_000, late)

        return SteppedFrame(
            number=session.frame_number,
            epoch=session.epoch,
            action=step.action,
            due_us=step.due_us,
            step_started_us=started_us,
            step_ended_us=ended_us,
            rgb=rgb,
            format=image,
            sent=sent,
        )

    def _failed(self, batch: list[Session], message: str) -> None:
        self._ports.events.model_fault(message, [session.id for session in batch])
        for session in batch:
            session.failures += 1
            if session.failures < FAILURES_MAX and self._ports.model.usable:
                continue
            if session.activity != "ended":
                self._ports.end(session, "model_failed", "The model failed to make the next frame.")
