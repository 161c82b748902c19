from dataclasses import dataclass, replace
from typing import Literal

from meridian_worker.engine.cadence import next_due
from meridian_worker.engine.meter import Meter, Reading
from meridian_worker.engine.phase_aligner import PhaseAligner
from meridian_worker.engine.ports import ActionInForce, ClientStream, FormatInForce, Grant, StateId
from meridian_worker.protocol import Checkpoint, Notice

Activity = Literal["connecting", "active", "held", "ended"]
LimitReason = Literal["idle", "duration_limit", "client_lost"]

NEVER_US = -(2**62)


@dataclass(frozen=True, slots=True)
class SessionStart:
    grant: Grant
    client_key: str
    trace_id: str
    # None when the model could not make one.
    state: StateId | None
    # Of the last frame stepped; 0 for none.
    frame_number: int
    action: ActionInForce
    format: FormatInForce
    started_us: int
    interval_us: int


@dataclass(frozen=True, slots=True)
class Limit:
    at_us: int
    reason: LimitReason


class Session:
    """One session at one epoch: connecting -> active <-> held -> ended.

    It is stepped while a stream is attached. Who may attach is decided elsewhere (admission.py), when it is stepped too
    (scheduler.py).
    """

    def __init__(self, start: SessionStart) -> None:
        self.id = start.grant.session_id
        self.epoch = start.grant.epoch
        self.width = start.grant.width
        self.client_key = start.client_key
        self.trace_id = start.trace_id
        self.started_us = start.started_us
        self.state = start.state
        self.frame_number = start.frame_number
        self.action = start.action
        self.format = start.format
        self.activity: Activity = "connecting"
        self.end_reason = ""
        self.stream: ClientStream | None = None
        self.due_us = 0
        # Steps that failed in a row.
        self.failures = 0
        # A step of this session is running.
        self.stepping = False
        # Orders the newest step of each session; 0 before the first.
        self.turn = 0
        # When the last checkpoint went out.
        self.checkpoint_us = NEVER_US
        self._grant = start.grant
        self._interval_us = start.interval_us
        self._meter = Meter()
        self._aligner = PhaseAligner(start.interval_us)
        self._awake_us = start.started_us
        self._held_since_us = 0

    def attach(self, stream: ClientStream, now_us: int) -> ClientStream | None:
        """Answers the stream that was attached before, if any."""
        before, self.stream = self.stream, stream
        self.due_us = now_us
        self._awake_us = now_us
        self.checkpoint_us = NEVER_US
        self.activity = "active" if self.turn > 0 else "connecting"
        return before

    def hold(self, now_us: int) -> None:
        """The client is away: no steps, and the meter stands still."""
        self.stream = None
        self.activity = "held"
        self._held_since_us = now_us
        self._meter.pause(now_us)

    def end(self, reason: str, now_us: int) -> None:
        self.activity = "ended"
        self.end_reason = reason
        self.stream = None
        self.state = None
        self._meter.pause(now_us)

    def act(self, action: ActionInForce) -> bool:
        """Newest wins: an action that is not newer than the one in force changes nothing."""
        if action.seq <= self.action.seq:
            return False
        self.action = action
        self._awake_us = action.received_us
        if self.activity == "active":
            self._aligner.arrived(self.due_us - action.received_us)
        return True

    def restore(self, state: StateId, action: ActionInForce) -> None:
        """The world of another moment. Frame numbers, the seq of the client's actions and what it asked for stay."""
        self.state = state
        self.action = replace(self.action, values=action.values, message=action.message)
        self.failures = 0
        self.checkpoint_us = NEVER_US

    def step_begins(self, now_us: int, turn: int) -> None:
        self.stepping = True
        self.turn = turn
        self.activity = "active"
        self._meter.run(now_us)

    def step_ended(self, now_us: int) -> int:
        """The next frame is made. Answers how many frames were skipped to stay on time."""
        self.frame_number += 1
        self.failures = 0
        due_us, skipped = next_due(self.due_us, now_us, self._interval_us)
        self.due_us = due_us + self._aligner.take_shift_us(now_us)
        return skipped

    def frame_sent(self, late: bool) -> None:
        self._meter.frame_sent(late)

    def limit(self) -> Limit:
        """The first limit that the session will run into if nothing changes."""
        duration = Limit(self.started_us + self._grant.max_duration_ms * 1_000, "duration_limit")
        if self.activity == "held":
            absence = Limit(self._held_since_us + self._grant.hold_ms * 1_000, "client_lost")
        else:
            absence = Limit(self._awake_us + self._grant.idle_ms * 1_000, "idle")
        return duration if duration.at_us < absence.at_us else absence

    def read(self, now_us: int) -> Reading:
        return self._meter.read(now_us)

    def checkpoint(self, model: str, model_version: str, state: bytes) -> Checkpoint:
        """`state` is the session's own at its newest frame."""
        return Checkpoint(
            model=model,
            model_version=model_version,
            epoch=self.epoch,
            frame_number=self.frame_number,
            last_action_seq=self.action.seq,
            state=state,
            action=self.action.message,
            format=self.format.message,
        )

    def notice(self, kind: int, end_reason: str = "", detail: str = "") -> Notice:
        return Notice(
            kind=kind,  # type: ignore[arg-type]
            end_reason=end_reason,
            detail=detail,
            epoch=self.epoch,
            next_frame_number=self.frame_number + 1,
        )
