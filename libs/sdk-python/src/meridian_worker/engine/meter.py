# M1. Counters are cumulative for one session and epoch, and only rise; so does the number of each reading.
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    seq: int
    active_ms: int
    frames: int
    late_frames: int


class Meter:
    """What a session has used since this worker took it at its epoch. It runs while a client watches steps."""

    def __init__(self) -> None:
        self._seq = 0
        self._active_us = 0
        self._running_since_us: int | None = None
        self._frames = 0
        self._late_frames = 0

    def run(self, now_us: int) -> bool:
        """Answers whether it stood still before."""
        stood_still = self._running_since_us is None
        if stood_still:
            self._running_since_us = now_us
        return stood_still

    def pause(self, now_us: int) -> None:
        self._active_us = self._total_us(now_us)
        self._running_since_us = None

    def frame_sent(self, late: bool) -> None:
        self._frames += 1
        self._late_frames += late

    def read(self, now_us: int) -> Reading:
        self._seq += 1
        return Reading(self._seq, self.active_ms(now_us), self._frames, self._late_frames)

    def active_ms(self, now_us: int) -> int:
        return self._total_us(now_us) // 1_000

    def reaches_us(self, active_ms: int) -> float:
        """When the active time comes to this if nothing changes; infinity while it stands still below it."""
        left_us = active_ms * 1_000 - self._active_us
        if left_us <= 0:
            return 0
        return math.inf if self._running_since_us is None else self._running_since_us + left_us

    def _total_us(self, now_us: int) -> int:
        return self._active_us + (0 if self._running_since_us is None else now_us - self._running_since_us)
