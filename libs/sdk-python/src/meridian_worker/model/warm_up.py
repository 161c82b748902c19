"""Before the worker registers: steps at rising batch sizes, a few encodes, and what follows from them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meridian_worker.contract import NewSession
from meridian_worker.engine.ports import StateId, StepFailed, StepOrder, Stepped
from meridian_worker.model.host import ModelError, ModelHost
from meridian_worker.model.slots import BUDGET_MS, Measured, best_batch, slots_at_deadline

# The first steps of a size allocate and are not like those that follow.
UNCOUNTED = 2
COUNTED = 8
# The smallest batch gives the step time that is shown until the first session, so it is tried more often.
COUNTED_ALONE = 20
BATCH_MAX = 512


@dataclass(frozen=True, slots=True)
class WarmUp:
    step_ms: Sequence[float]
    encode_ms: Sequence[float]
    batch_max: int
    slots: int


async def warm_up(host: ModelHost, encode: Callable[[bytes], object], cores: int) -> WarmUp:
    """`encode` makes an image of a frame, in the caller's thread. Raises ModelError when a step fails."""
    state = await host.start(NewSession("warm-up", 0.0))
    alone_ms: list[float] = []
    at_batch: dict[int, float] = {}
    frame = b""
    size = 1
    while size <= min(BATCH_MAX, host.batch_max):
        ms = []
        for i in range(UNCOUNTED + (COUNTED_ALONE if size == 1 else COUNTED)):
            began = time.perf_counter()
            frame = await _step(host, state, size)
            if i >= UNCOUNTED:
                ms.append((time.perf_counter() - began) * 1_000)
        alone_ms = alone_ms or ms
        at_batch[size] = float(np.percentile(ms, 90))
        if at_batch[size] > BUDGET_MS:
            break
        size *= 2
    host.drop(state)
    encode_ms = _encode_ms(encode, frame)
    on_device = host.loaded.device != "cpu"
    measured = Measured(at_batch, float(np.median(encode_ms)), cores, on_device)
    return WarmUp(alone_ms, encode_ms, best_batch(at_batch), slots_at_deadline(measured))


async def _step(host: ModelHost, state: StateId, size: int) -> bytes:
    future: asyncio.Future[Stepped | StepFailed] = asyncio.get_running_loop().create_future()
    still = np.zeros(len(host.description.actions), np.float32)
    host.step([StepOrder(state, still, pack=False)] * size, future.set_result)
    outcome = await future
    if isinstance(outcome, StepFailed):
        raise ModelError(outcome.message)
    if outcome.frames[0] is None:
        raise ModelError("The first step answered with a state that is not usable.")
    return outcome.frames[0]


def _encode_ms(encode: Callable[[bytes], object], frame: bytes) -> list[float]:
    ms = []
    for _ in range(UNCOUNTED + COUNTED_ALONE):
        began = time.perf_counter()
        encode(frame)
        ms.append((time.perf_counter() - began) * 1_000)
    return ms[UNCOUNTED:]
