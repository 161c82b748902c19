# B1. A session with credit ends when its active time has reached it, whether or not anybody can be asked for more: what was
#     not granted is not served, so that a budget needs no race to hold. Credit only rises.
import math

from meridian_worker.engine.countdown import Countdown
from meridian_worker.engine.meter import Meter


class Credit:
    """Active time that is paid for."""

    def __init__(self, meter: Meter, ms: int | None) -> None:
        """`ms` None: no limit."""
        self._meter = meter
        self.ms = ms
        self.countdown = Countdown(ms or 0)

    def renew(self, ms: int, now_us: int) -> bool:
        """Answers whether it rose, or was given for the first time."""
        if self.ms is not None and ms <= self.ms:
            return False
        self.ms = ms
        self.countdown = Countdown(max(0, ms - self._meter.active_ms(now_us)))
        return True

    @property
    def exhausted_us(self) -> float:
        """When it is used up if nothing changes."""
        return math.inf if self.ms is None else self._meter.reaches_us(self.ms)
