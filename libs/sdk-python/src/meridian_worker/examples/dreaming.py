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
                world = self._world_of(self._seen(world, after.shown, after.rest))
            dreams.append(Dreaming(world, after.memory))
        return shown, dreams

    def pack(self, dream: Dreaming) -> bytes:
        return arrays.pack(dream.world) + dream.memory.pack()

    def unpack(self, data: bytes, like: Dreaming) -> Dreaming:
        world, memory = data[: -MEMORY.size], data[-MEMORY.size :]
        return Dreaming(arrays.unpack(world, like.world), self._policy.unpack(memory))

    def _seen(self, world: World, frame: Frame, rest: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """The last frames seen, the newest of which is `frame`, and the rest as it is; or it alone, and this rest."""
        state = arrays.to_numpy(world).reshape(-1).copy()
        if rest is not None:
            return standing_still(frame, rest, state.size)
        newest, end = frame.reshape(-1), state.size - self._policy.rest_bytes
        state[end - newest.size : end] = newest
        return state


def standing_still(frame: Frame, rest: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The state, uint8 [size], of a session that has seen nothing but this frame."""
    return np.concatenate([np.resize(frame.reshape(-1), size - rest.size), rest])
