"""What a model team writes: a subclass of `Model`.

The kit runs it in a process of its own, one call at a time, and asks nothing else of it. States are the model's own: a
numpy array, a torch tensor on any device, or whatever `pack` and `unpack` know how to turn into bytes and back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meridian_worker.model import arrays


@dataclass(frozen=True, slots=True)
class NewSession:
    """Who a first state is for. Use `draw`, in [0, 1), where chance is wanted: it is the same for the same session."""

    id: str
    draw: float


class Model:
    """Set the fields on the class, or on the instance no later than in `load`."""

    name: str
    version: str
    # Pixels of a frame.
    width: int
    height: int
    # Frames a second that a session is stepped at.
    fps: int = 25
    # What a row of `actions` holds, in order: "forward", "strafe", "yaw", "sprint", or names of your own.
    actions: Sequence[str] = ()
    # Sessions in one step at most; None: what the warm-up finds best.
    batch_max: int | None = None
    # The batch sizes that the model is to see, rising; smaller batches are filled up. None: any. One size alone makes
    # frames independent of how many sessions share a step, where the kernels of the device do not promise that.
    batch_sizes: Sequence[int] | None = None
    # Milliseconds from a checkpoint to the first frame after it, where `unpack` or the step that follows takes longer than
    # a frame: a model whose state is only a part of what it needs builds the rest up again. Sessions of a model that takes
    # longer than 25,000, or whose packed state is larger than 4 MiB - 4 KiB, are not moved: they end with their worker.
    rebuild_ms: int = 0

    def load(self, device: str) -> None:
        """Called once, before everything else; `device` is "cpu" or "cuda". Do not touch the device before."""

    def start(self, session: NewSession) -> Any:
        """The state that a session begins in."""
        raise NotImplementedError

    def step(self, states: list[Any], actions: NDArray[np.float32]) -> tuple[Any, Sequence[Any]]:
        """The next frame and state of each session.

        `actions` is float32 [B, len(self.actions)], each in [-1, 1]. Answer with frames, uint8 [B, height, width, 3] as
        a numpy array or a torch tensor, and B states: a list, or an array with the batch first. Do not change `states`
        in place: when a step fails they are what the sessions go on from.
        """
        raise NotImplementedError

    def pack(self, state: Any) -> bytes:
        """The state for a checkpoint; always the same number of bytes."""
        return arrays.pack(state)

    def unpack(self, data: bytes) -> Any:
        """The state that `pack` made `data` of. Raise ValueError when it cannot be one."""
        return arrays.unpack(data, self._example)

    def check(self, states: Sequence[Any]) -> Sequence[bool]:
        """Which states can be gone on from. By default those whose numbers are all finite."""
        return arrays.finite(states)

    # A first state, kept by the kit so that `unpack` knows type, shape and device.
    _example: Any = None
