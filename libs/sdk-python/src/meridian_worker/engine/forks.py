# K1. At most as many copies wait as the worker has slots: what waits is memory.
# K2. A copy that nobody claims in time is dropped; one with the name of a copy that waits takes its place.
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from meridian_worker.clock import Cancel, Clock
from meridian_worker.engine.ports import ActionInForce, FormatInForce, StateId


@dataclass(frozen=True, slots=True)
class Fork:
    """A world from which a session can start."""

    # None when the model could not make one.
    state: StateId | None
    # The frame that the state was stepped to; 0 for none.
    frame_number: int
    action: ActionInForce
    format: FormatInForce
    # The newest action number seen of each device.
    device_seqs: Mapping[int, int] = field(default_factory=dict)


class Forks:
    """Copies of sessions' worlds that wait for the session that is to start from them."""

    def __init__(self, clock: Clock, waiting_max: int, drop: Callable[[StateId], None]) -> None:
        self._clock = clock
        self._max = waiting_max
        self._drop = drop
        self._waiting: dict[str, tuple[Fork, Cancel]] = {}

    def has_room(self, session_id: str) -> bool:
        return session_id in self._waiting or len(self._waiting) < self._max

    def put(self, session_id: str, fork: Fork, claim_ms: int) -> None:
        self._forget(session_id)
        cancel = self._clock.at(self._clock.now_us() + claim_ms * 1_000, lambda: self._forget(session_id))
        self._waiting[session_id] = (fork, cancel)

    def take(self, session_id: str) -> Fork | None:
        waiting = self._waiting.pop(session_id, None)
        if waiting is None:
            return None
        fork, cancel = waiting
        cancel()
        return fork

    def _forget(self, session_id: str) -> None:
        fork = self.take(session_id)
        if fork is not None and fork.state is not None:
            self._drop(fork.state)
