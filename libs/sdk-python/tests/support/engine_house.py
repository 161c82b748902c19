"""An engine in virtual time, with a model that steps in 2 ms and clients that take every frame at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from meridian_worker.engine.engine import Engine, EnginePorts
from meridian_worker.engine.ports import (
    AttachRequest,
    Closing,
    EndedSession,
    Grant,
    ModelDescription,
    StateId,
    StepDone,
    StepFailed,
    StepOrder,
    Stepped,
    SteppedFrame,
)
from meridian_worker.engine.session import Session
from meridian_worker.protocol import Action, Checkpoint, Notice, PlayRequest
from support.virtual_clock import VirtualClock

CLIENT_KEY = "client-key-0123456789"


class FakeModel:
    """A frame holds the state's number; a packed state holds its steps."""

    def __init__(self, clock: VirtualClock, state_bytes: int = 4) -> None:
        self.description = ModelDescription("fake", "1.0.0", 2, 1, 25, ("forward", "strafe", "yaw", "sprint"), state_bytes)
        self._clock = clock
        self.usable = True
        self.step_ms = 2.0
        self.batches: list[list[StateId]] = []
        self.orders: list[StepOrder] = []
        self.dropped: list[StateId] = []
        self.steps: dict[StateId, int] = {}
        # Makes the step of a batch fail after its time, as a model that throws or a host that gives up.
        self.fails: Callable[[Sequence[StateId]], bool] = lambda states: False
        # Makes one session's new state unusable.
        self.spoils: Callable[[StateId], bool] = lambda state: False

    def step(self, orders: Sequence[StepOrder], done: StepDone) -> None:
        states = [order.state for order in orders]
        self.batches.append(states)
        self.orders += orders
        outcome = StepFailed("it failed") if self.fails(states) else self._stepped(orders)
        self._clock.at(self._clock.now_us() + self.step_ms * 1_000, lambda: done(outcome))

    def drop(self, state: StateId) -> None:
        self.dropped.append(state)

    def _stepped(self, orders: Sequence[StepOrder]) -> Stepped:
        for order in orders:
            self.steps[order.state] = self.steps.get(order.state, 0) + 1
        frames = [None if self.spoils(order.state) else bytes([order.state % 256]) * 6 for order in orders]
        packed = {order.state: self.steps[order.state].to_bytes(4, "big") for order in orders if order.pack}
        return Stepped(frames, packed)


@dataclass
class RecordingStream:
    clock: VirtualClock
    # Time from a frame's step to its hand-over.
    send_ms: float = 0
    frames: list[SteppedFrame] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    # `within_ms` of each time it was said that the worker drains.
    drains: list[int] = field(default_factory=list)
    closing: Closing | None = None

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def frame(self, frame: SteppedFrame) -> None:
        self.frames.append(frame)
        frame.sent(self.clock.now_us() + int(self.send_ms * 1_000))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints.append(checkpoint)

    def draining(self, within_ms: int) -> None:
        self.drains.append(within_ms)

    def close(self, closing: Closing) -> None:
        self.closing = closing

    @property
    def numbers(self) -> list[int]:
        return [frame.number for frame in self.frames]


class RecordingEvents:
    def __init__(self) -> None:
        self.changes = 0
        self.ends: list[EndedSession] = []
        self.late: list[bool] = []
        self.skips = 0
        self.faults: list[Sequence[str]] = []

    def changed(self) -> None:
        self.changes += 1

    def ended(self, session: EndedSession) -> None:
        self.ends.append(session)

    def stepped(self, ms: float, sessions: int) -> None:
        return None

    def frame_sent(self, step_to_sent_ms: float, due_to_sent_ms: float, late: bool) -> None:
        self.late.append(late)

    def skipped(self, frames: int) -> None:
        self.skips += frames

    def model_fault(self, why: str, session_ids: Sequence[str]) -> None:
        self.faults.append(session_ids)


class EngineHouse:
    def __init__(self, slots: int = 4, batch_max: int = 8, state_bytes: int = 4) -> None:
        self.clock = VirtualClock()
        self.model = FakeModel(self.clock, state_bytes)
        self.events = RecordingEvents()
        self.engine = Engine(EnginePorts(self.clock, self.model, slots, batch_max, self.events))
        self._states = 0

    def request(self, session_id: str, **changes: object) -> AttachRequest:
        grant = Grant(session_id, 1, 1, self.clock.now_us() // 1_000 + 60_000, 30_000, 300_000, 7_200_000)
        names = {"epoch", "width", "claim_by_ms", "hold_ms", "idle_ms", "max_duration_ms", "credit_ms"}
        granted = replace(grant, **{name: value for name, value in changes.items() if name in names})  # type: ignore[arg-type]
        rest = {name: value for name, value in changes.items() if name not in names}
        return replace(AttachRequest(granted, CLIENT_KEY, "0" * 31 + "1"), **rest)  # type: ignore[arg-type]

    def open(self, session_id: str, **changes: object) -> tuple[Session, RecordingStream]:
        """An attached stream. A refusal fails the test."""
        stream = RecordingStream(self.clock)
        session = self.try_open(self.request(session_id, **changes), stream)
        assert isinstance(session, Session), session
        return session, stream

    def act(self, session: Session, seq: int, device: int = 0, gateway_us: int = 0, **axes: float) -> object:
        """An action by the stream that is attached. Answers why it was refused."""
        assert session.stream is not None
        request = PlayRequest(action=Action(seq=seq, axes=axes), device=device, gateway_received_us=gateway_us)
        return self.engine.act(session, session.stream, request)

    def try_open(self, request: AttachRequest, stream: RecordingStream) -> object:
        self._states += 1
        return self.engine.attach(request, stream, self.engine.origin_of(request.checkpoint, self._states))
