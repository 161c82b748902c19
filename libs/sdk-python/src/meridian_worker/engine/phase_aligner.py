# An action waits for the next step: half a frame on average, a whole one at worst. A client that sends on a steady
# timer always waits the same time, so its session's steps can be moved to just after its actions arrive.
#
# P1. Steps are only ever delayed, by at most 2 ms a frame: a session never exceeds its frame rate.
# P2. All delays together take at most one frame in thirty seconds: a client whose actions follow its frames, which can
#     never be caught up with, costs 0.2 % of the frame rate and no more.
# P3. Nothing moves for a client that sends when a key changes: its arrivals have no phase.
import math

# A step begins this long after the mean arrival, so that a little jitter does not cost a whole frame.
GUARD_US = 4_000
# Arrivals this near the guard are left alone.
DEAD_BAND_US = 3_000
SHIFT_US_MAX = 2_000
BUDGET_WINDOW_US = 30_000_000
# Weight of a new arrival in the running mean.
WEIGHT = 1 / 8
ARRIVALS_MIN = 12
# Length of the mean of unit vectors: 1 when all arrive at the same phase, 0 when at any.
STEADINESS_MIN = 0.85


class PhaseAligner:
    def __init__(self, interval_us: int) -> None:
        self._interval_us = interval_us
        self._mean = 0j
        self._arrivals = 0
        self._budget_us = interval_us
        self._budget_since_us = 0

    def arrived(self, wait_us: int) -> None:
        """An action arrived `wait_us` before the next step begins."""
        angle = math.tau * wait_us / self._interval_us
        self._mean += WEIGHT * (complex(math.cos(angle), math.sin(angle)) - self._mean)
        self._arrivals += 1

    def take_shift_us(self, now_us: int) -> int:
        """How much later than its grid the next step should be due. Counts as done."""
        if now_us - self._budget_since_us >= BUDGET_WINDOW_US:
            self._budget_since_us = now_us
            self._budget_us = self._interval_us
        shift_us = min(self._wanted_us(), SHIFT_US_MAX, self._budget_us)
        self._budget_us -= shift_us
        if shift_us > 0:
            # The past, as it would have been seen from the moved grid.
            angle = math.tau * shift_us / self._interval_us
            self._mean *= complex(math.cos(angle), math.sin(angle))
        return shift_us

    def _wanted_us(self) -> int:
        if self._arrivals < ARRIVALS_MIN or abs(self._mean) < STEADINESS_MIN:
            return 0
        wait_us = math.atan2(self._mean.imag, self._mean.real) / math.tau * self._interval_us
        wanted_us = round(GUARD_US - wait_us) % self._interval_us
        near = min(wanted_us, self._interval_us - wanted_us) <= DEAD_BAND_US
        return 0 if near else wanted_us
