"""How the worker keeps pace: step and encode times, frames and late frames of the last ten seconds."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meridian_worker.clock import Clock

WINDOW_US = 10_000_000
# About ten seconds of forty sessions; with more sessions the newest samples speak for the rest.
SAMPLES_MAX = 10_000
BUCKET_US = 1_000_000


@dataclass(frozen=True, slots=True)
class PaceReading:
    """Percentiles are (p50, p95, p99) in milliseconds, by nearest rank."""

    step_ms: tuple[float, float, float]
    encode_ms: tuple[float, float, float]
    frames: int
    late_frames: int

    @property
    def late_share(self) -> float:
        return self.late_frames / self.frames if self.frames else 0.0


class Pace:
    def __init__(self, clock: Clock, warm_step_ms: Sequence[float], warm_encode_ms: Sequence[float]) -> None:
        self._clock = clock
        self._steps = _Window(warm_step_ms)
        self._encodes = _Window(warm_encode_ms)
        self._buckets: deque[list[int]] = deque()

    def stepped(self, ms: float) -> None:
        self._steps.add(self._clock.now_us(), ms)

    def frame_sent(self, encode_ms: float, late: bool) -> None:
        now_us = self._clock.now_us()
        self._encodes.add(now_us, encode_ms)
        if not self._buckets or now_us - self._buckets[-1][0] >= BUCKET_US:
            self._buckets.append([now_us, 0, 0])
        self._buckets[-1][1] += 1
        self._buckets[-1][2] += late
        self._forget(now_us)

    def read(self) -> PaceReading:
        now_us = self._clock.now_us()
        self._forget(now_us)
        return PaceReading(
            step_ms=self._steps.percentiles(now_us),
            encode_ms=self._encodes.percentiles(now_us),
            frames=sum(bucket[1] for bucket in self._buckets),
            late_frames=sum(bucket[2] for bucket in self._buckets),
        )

    def _forget(self, now_us: int) -> None:
        while self._buckets and now_us - self._buckets[0][0] >= WINDOW_US:
            self._buckets.popleft()


class _Window:
    """The samples of the last ten seconds; those of the warm-up speak while there are none."""

    def __init__(self, warm_ms: Sequence[float]) -> None:
        self._warm_ms = list(warm_ms)
        self._samples: deque[tuple[int, float]] = deque(maxlen=SAMPLES_MAX)

    def add(self, at_us: int, ms: float) -> None:
        self._samples.append((at_us, ms))

    def percentiles(self, now_us: int) -> tuple[float, float, float]:
        while self._samples and now_us - self._samples[0][0] >= WINDOW_US:
            self._samples.popleft()
        values = [ms for _, ms in self._samples] or self._warm_ms
        if not values:
            return (0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(values, (50, 95, 99), method="inverted_cdf")
        return (float(p50), float(p95), float(p99))
