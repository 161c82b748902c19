"""What the engine asks of the rest of the process, and what it is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meridian_worker.engine.actions import ActionValues
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.protocol import Action, Checkpoint, FrameFormat, Notice
from meridian_worker.refusal import Refusal

# A session's state lies with the model; the engine knows it by a number and never sees it.
StateId = int


@dataclass(frozen=True, slots=True)
class ModelDescription:
    model: str
    version: str
    width: int
    height: int
    frames_per_second: int
    actions: Sequence[str]
    state_bytes: int
    # How long a worker takes to go on from a checkpoint, beyond reading it.
    rebuild_ms: int = 0


@dataclass(frozen=True, slots=True)
class StepOrder:
    state: StateId
    action: ActionValues
    # Whether the answer is to hold the new state as bytes.
    pack: bool


@dataclass(frozen=True, slots=True)
class Stepped:
    # RGB for each order, None where the state that the step made is not usable: the state is then as it was.
    frames: Sequence[bytes | None]
    packed: Mapping[StateId, bytes]


@dataclass(frozen=True, slots=True)
class StepFailed:
    """Every state is as it was, or, when the model had to be started anew, as it was last packed."""

    message: str


StepDone = Callable[[Stepped | StepFailed], None]


class SteppingModel(Protocol):
    """A model that steps elsewhere; one step at a time."""

    @property
    def description(self) -> ModelDescription: ...

    @property
    def usable(self) -> bool:
        """False when steps can no longer be run at all."""

    def step(self, orders: Sequence[StepOrder], done: StepDone) -> None:
        """`done` is called later, once."""

    def drop(self, state: StateId) -> None:
        """Nobody needs the state any more."""


@dataclass(frozen=True, slots=True)
class SteppedFrame:
    """One frame as the model made it, on its way to a stream. Times in microseconds since the Unix epoch."""

    number: int
    epoch: int
    # What the step has seen.
    action: "ActionInForce"
    due_us: int
    step_started_us: int
    step_ended_us: int
    rgb: bytes
    format: ImageFormat
    # To be called when the frame is handed to the transport; a frame that gives way to a newer one never is.
    sent: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Over:
    """The session is over: the notice says why, then the stream ends with OK."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class SentAway:
    """The stream is over, the session perhaps not; a last checkpoint goes first when there is one."""

    refusal: Refusal
    checkpoint: Checkpoint | None = None


Closing = Over | SentAway


class ClientStream(Protocol):
    """The way to one client. Nothing here waits: a slow reader loses frames, never holds the engine up."""

    def notice(self, notice: Notice) -> None: ...
    def frame(self, frame: SteppedFrame) -> None: ...
    def checkpoint(self, checkpoint: Checkpoint) -> None: ...
    def draining(self, within_ms: int) -> None:
        """The session is to be found another place; its stream is closed after `within_ms`, 0 for no limit."""

    def close(self, closing: Closing) -> None:
        """Nothing is sent after this."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the session token lets its bearer do."""

    session_id: str
    epoch: int
    # Slots that the session takes.
    width: int
    claim_by_ms: int
    hold_ms: int
    idle_ms: int
    max_duration_ms: int
    # Active time that is paid for at this epoch; None: no limit.
    credit_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AttachRequest:
    grant: Grant
    client_key: str
    trace_id: str
    # Where to go on when this worker does not serve the session yet.
    checkpoint: Checkpoint | None = None
    # The gateway has relayed every frame below this one.
    next_frame_number: int = 1


@dataclass(frozen=True, slots=True)
class ActionInForce:
    """The action that a session's steps see until a newer one replaces it; all 0 before the first."""

    seq: int
    values: ActionValues
    # As the client sent it, for checkpoints.
    message: Action | None = None
    # The device that it came from, 0 for the owner's.
    device: int = 0
    received_us: int = 0
    # When it came to the gateway, by the gateway's clock.
    gateway_us: int = 0


@dataclass(frozen=True, slots=True)
class FormatInForce:
    image: ImageFormat
    # As the client sent it, for checkpoints.
    message: FrameFormat | None = None


@dataclass(frozen=True, slots=True)
class EndedSession:
    session_id: str
    trace_id: str
    epoch: int
    reason: str


class EngineEvents(Protocol):
    """What the engine tells the rest of the process, for heartbeats, logs and metrics."""

    def changed(self) -> None:
        """A session started, was held, resumed or ended: the control plane should hear at once."""

    def ended(self, session: EndedSession) -> None: ...
    def stepped(self, ms: float, sessions: int) -> None: ...
    def frame_sent(self, step_to_sent_ms: float, due_to_sent_ms: float, late: bool) -> None: ...
    def skipped(self, frames: int) -> None: ...
    def model_fault(self, why: str, session_ids: Sequence[str]) -> None: ...
