"""Time for everything that waits or stamps: injected, so that a test plays an hour in a second."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

Cancel = Callable[[], None]


class Clock(Protocol):
    def now_us(self) -> int:
        """Microseconds since the Unix epoch; never goes back."""

    def at(self, at_us: float, task: Callable[[], None]) -> Cancel:
        """Runs `task` once at `at_us` or soon after, unless the answered function is called before."""


class SystemClock:
    """Set once at start and carried on by the monotonic clock: a stepped wall clock must not move deadlines or meters."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._origin_us = time.time_ns() // 1_000 - time.monotonic_ns() // 1_000

    def now_us(self) -> int:
        return self._origin_us + time.monotonic_ns() // 1_000

    def at(self, at_us: float, task: Callable[[], None]) -> Cancel:
        return self._loop.call_later(max(0.0, (at_us - self.now_us()) / 1e6), task).cancel
