from collections.abc import Callable

from meridian_worker.clock import Cancel

MIDDAY_US = 1_767_268_800_000_000


class VirtualClock:
    """Time that stands still until it is moved; everything due on the way happens at its own time."""

    def __init__(self) -> None:
        self._now_us = MIDDAY_US
        self._tasks: list[tuple[float, Callable[[], None]]] = []

    def now_us(self) -> int:
        return self._now_us

    def at(self, at_us: float, task: Callable[[], None]) -> Cancel:
        entry = (at_us, task)
        self._tasks.append(entry)
        return lambda: self._tasks.remove(entry) if entry in self._tasks else None

    def advance_ms(self, ms: float) -> None:
        until_us = self._now_us + int(ms * 1_000)
        while due := [entry for entry in self._tasks if entry[0] <= until_us]:
            entry = min(due, key=lambda each: each[0])
            self._tasks.remove(entry)
            self._now_us = max(self._now_us, int(entry[0]))
            entry[1]()
        self._now_us = until_us
