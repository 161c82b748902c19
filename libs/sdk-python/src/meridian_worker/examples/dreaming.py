"""The states of a model that is pulled back when it drifts: the model's own, with the policy's memory behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meridian_worker.examples.reanchor import MEMORY, Frame, PullMemory, Reanchor
from meridian_worker.model import arrays

World = Any


@dataclass(frozen=True, slots=True)
class Dreaming:
    world: World
    memory: PullMemory


class Dreams:
    def __init__(self, policy: Reanchor, world_of: Callable[[NDArray[Any]], World]) -> None:
        """`world_of` makes a state of the model of uint8 [all its bytes]."""
        self._policy = policy
        self._world_of = world_of

    def begin(self, world: World) -> Dreaming:
        return Dreaming(world, PullMemory())

    def after(
        self, before: Sequence[Dreaming], actions: NDArray[np.float32], frames: Any, worlds: Any
    ) -> tuple[Frame, list[Dreaming]]:
        """What the model answered, as it is to be shown and kept."""
        shown = np.array(arrays.to_numpy(frames))
        dreams = []
        for i, world in enumerate(arrays.rows(worlds)):
            after = self._policy.after(actions[i], shown[i], before[i].memory)
            if after.shown is not None:
                shown[i] = after.shown
                world = self._world_of(_seen(world, after.shown, after.stands_still))
            dreams.append(Dreaming(world, after.memory))
        return shown, dreams

    def pack(self, dream: Dreaming) -> bytes:
        return arrays.pack(dream.world) + dream.memory.pack()

    def unpack(self, data: bytes, like: Dreaming) -> Dreaming:
        world, memory = data[: -MEMORY.size], data[-MEMORY.size :]
        return Dreaming(arrays.unpack(world, like.world), self._policy.unpack(memory))


def _seen(world: World, frame: Frame, only: bool) -> NDArray[np.uint8]:
    """The last frames seen, the newest of which is `frame`, or all."""
    state = arrays.to_numpy(world).reshape(-1).copy()
    newest = frame.reshape(-1)
    if only:
        return np.resize(newest, state.size)
    state[-newest.size :] = newest
    return state
