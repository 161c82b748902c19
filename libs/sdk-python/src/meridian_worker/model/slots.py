# How many sessions fit in the 40 ms of a frame. Pure. Three things are counted, and the tightest one decides: the steps,
# one after the other; the event loop, one thread for all streams; and all cores together.
import math
from collections.abc import Mapping
from dataclasses import dataclass

DEADLINE_MS = 40.0
# Of the deadline; the rest is for what a warm-up does not see: arrivals that bunch, a busy neighbour.
BUDGET_MS = 0.8 * DEADLINE_MS
# A batch that takes longer keeps those that come due meanwhile waiting for most of their frame.
BATCH_MS_MAX = DEADLINE_MS / 2
# What one frame takes of the event loop: an action read, a message built and written (README, "Figures").
HANDLING_MS = 0.4
SLOTS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Measured:
    # Milliseconds of a step at each size tried.
    at_batch: Mapping[int, float]
    encode_ms: float
    cores: int
    # The model steps on an accelerator, not on these cores.
    on_device: bool


def best_batch(at_batch: Mapping[int, float]) -> int:
    """The smallest size that comes within 5 % of the least time a session, among steps that leave time for others."""
    short = {size: ms for size, ms in at_batch.items() if ms <= BATCH_MS_MAX} or {1: at_batch[1]}
    least = min(ms / size for size, ms in short.items())
    return min(size for size, ms in short.items() if ms / size <= 1.05 * least)


def slots_at_deadline(measured: Measured) -> int:
    """At least 1: a model too slow for one session is served as well as it goes, and its frames are counted late."""
    fitting = 1
    while fitting < SLOTS_MAX and _fits(fitting + 1, measured):
        fitting += 1
    return fitting


def _fits(sessions: int, measured: Measured) -> bool:
    steps_ms = _steps_ms(sessions, measured.at_batch)
    streams_ms = sessions * (measured.encode_ms + HANDLING_MS)
    cores_ms = streams_ms if measured.on_device else streams_ms + steps_ms
    return steps_ms <= BUDGET_MS and sessions * HANDLING_MS <= BUDGET_MS and cores_ms <= BUDGET_MS * measured.cores


def _steps_ms(sessions: int, at_batch: Mapping[int, float]) -> float:
    best = best_batch(at_batch)
    whole, rest = divmod(sessions, best)
    rest_ms = 0.0 if rest == 0 else at_batch[min(best, 2 ** math.ceil(math.log2(rest)))]
    return whole * at_batch[best] + rest_ms
