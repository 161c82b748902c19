from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from meridian_worker.engine.adaptation import Adaptation
from meridian_worker.engine.cadence import next_due
from meridian_worker.engine.credit import Credit
from meridian_worker.engine.devices import Devices
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.limits import Limits
from meridian_worker.engine.meter import Meter, Reading
from meridian_worker.engine.phase_aligner import PhaseAligner
from meridian_worker.engine.ports import ActionInForce, ClientStream, FormatInForce, Grant, StateId
from meridian_worker.protocol import Checkpoint, Notice

Activity = Literal["connecting", "active", "held", "ended"]

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
    device_seqs: Mapping[int, int]
    format: FormatInForce
    started_us: int
    interval_us: int


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
        # It has a place elsewhere, and is stepped no more.
        self.leaving = False
        # Orders the newest step of each session; 0 before the first.
        self.turn = 0
        self.devices = Devices(start.device_seqs)
        # When the last checkpoint went out.
        self.checkpoint_us = NEVER_US
        self._interval_us = start.interval_us
        self._meter = Meter()
        self.credit = Credit(self._meter, start.grant.credit_ms)
        self.limits = Limits(start.grant, start.started_us, self.credit)
        self._aligner = PhaseAligner(start.interval_us)
        self._adaptation = Adaptation()

    def attach(self, stream: ClientStream, now_us: int) -> ClientStream | None:
        """Answers the stream that was attached before, if any."""
        before, self.stream = self.stream, stream
        self.due_us = now_us
        self.checkpoint_us = NEVER_US
        self.limits.attached(now_us)
        self._adaptation = Adaptation()
        self.activity = "active" if self.turn > 0 else "connecting"
        return before

    def hold(self, now_us: int) -> None:
        """The client is away: no steps, and the meter stands still."""
        self.stream = None
        self.activity = "held"
        self.limits.held(now_us)
        self._meter.pause(now_us)

    def end(self, reason: str, now_us: int) -> None:
        self.activity = "ended"
        self.end_reason = reason
        self.stream = None
        self.state = None
        self._meter.pause(now_us)

    def act(self, action: ActionInForce) -> bool:
        """Newest wins: an action that is not newer than the newest of its device changes nothing."""
        if not self.devices.take(action.device, action.seq):
            return False
        self.action = action
        self.limits.awake(action.received_us)
        if self.activity == "active":
            self._aligner.arrived(self.due_us - action.received_us)
        return True

    def heed(self, frames_dropped: int, now_us: int) -> None:
        """The client has not kept up with so many frames of its stream."""
        self._adaptation.heard(frames_dropped, self.format, now_us)

    def image_format(self, now_us: int) -> ImageFormat | None:
        """How the newest frame is to be encoded; None when it is not to be sent."""
        return self._adaptation.image_of(self.frame_number, self.format, now_us)

    def restore(self, state: StateId, action: ActionInForce) -> None:
        """The world of another moment. Frame numbers, the seq of the client's actions and what it asked for stay."""
        self.state = state
        self.action = replace(self.action, values=action.values, message=action.message)
        self.failures = 0
        self.checkpoint_us = NEVER_US

    def step_begins(self, now_us: int, turn: int) -> bool:
        """Answers whether its meter stood still before."""
        self.stepping = True
        self.turn = turn
        self.activity = "active"
        return self._meter.run(now_us)

    def step_ended(self, now_us: int) -> int:
        """The next frame is made. Answers how many frames were skipped to stay on time."""
        self.frame_number += 1
        self.failures = 0
        due_us, skipped = next_due(self.due_us, now_us, self._interval_us)
        self.due_us = due_us + self._aligner.take_shift_us(now_us)
        return skipped

    def frame_sent(self, late: bool) -> None:
        self._meter.frame_sent(late)

    @property
    def is_slowed(self) -> bool:
        """Whether less is sent than the client asked for, because it does not keep up."""
        return self._adaptation.is_lowered

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
            device_seqs=self.devices.all_but(self.action.device),
            action_device=self.action.device,
        )

    def notice(self, kind: int, end_reason: str = "", detail: str = "", ends_in_ms: int = 0) -> Notice:
        return Notice(
            kind=kind,  # type: ignore[arg-type]
            end_reason=end_reason,
            detail=detail,
            epoch=self.epoch,
            next_frame_number=self.frame_number + 1,
            ends_in_ms=ends_in_ms,
        )
