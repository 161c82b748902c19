# How a worker comes to serve nobody: an operator drains it for as long as he likes, or its process is told to end.
#
# T1. A drain asks for a place elsewhere, once on each stream, and goes on serving: nobody is sent away by it.
# T2. A process that ends waits for those with a stream and for nobody else, and not beyond its time.
from collections.abc import Callable, Collection

from meridian_worker.clock import Clock
from meridian_worker.engine.ports import ClientStream
from meridian_worker.engine.session import Session


class Departure:
    def __init__(self, clock: Clock, live: Collection[Session]) -> None:
        self._clock = clock
        self._live = live
        self._by_operator = False
        # When the process ends, at the latest; None while it is not told to.
        self._ends_at_us: int | None = None
        self._on_left: Callable[[], None] | None = None

    @property
    def draining(self) -> bool:
        return self._by_operator or self.terminating

    @property
    def terminating(self) -> bool:
        return self._ends_at_us is not None

    def drain(self, draining: bool) -> bool:
        """Whether that is a change."""
        if self._by_operator == draining:
            return False
        self._by_operator = draining
        if draining:
            self._ask_all()
        return True

    def begin_termination(self, within_ms: int, left: Callable[[], None]) -> None:
        """`left` is called when no session has a stream any more; perhaps at once."""
        self._ends_at_us = self._clock.now_us() + within_ms * 1_000
        self._on_left = left
        self._ask_all()
        self.changed()

    def opened(self, stream: ClientStream) -> None:
        if self.draining:
            stream.draining(self._within_ms())

    def changed(self) -> None:
        """To be called when a session has lost its stream."""
        if self._on_left is not None and all(session.stream is None for session in self._live):
            self._on_left()

    def _ask_all(self) -> None:
        within_ms = self._within_ms()
        for session in self._live:
            if session.stream is not None:
                session.stream.draining(within_ms)

    def _within_ms(self) -> int:
        """0 for a drain without an end."""
        return 0 if self._ends_at_us is None else max(1, (self._ends_at_us - self._clock.now_us()) // 1_000)
