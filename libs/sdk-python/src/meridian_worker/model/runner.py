# The model's side of the process boundary: states by number, steps over batches.
# R1. A step either gives every session of its batch a new state, or leaves every state as it was.
# R2. What the model answers is checked before it is taken: a wrong shape is a failed step, not a broken stream.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meridian_worker.contract import Model, NewSession
from meridian_worker.engine.ports import ModelDescription, StateId
from meridian_worker.model import arrays

REBUILD_MS_MAX = 600_000


class ModelFault(Exception):
    """The model does not do what its contract says. The message is a sentence for its authors."""


@dataclass(frozen=True, slots=True)
class RunnerStep:
    """Frames lie in the shared memory, one after the other."""

    usable: Sequence[bool]
    packed: Mapping[StateId, bytes]


class ModelRunner:
    def __init__(self, model: Model, frames: memoryview) -> None:
        self._model = model
        self._frames = np.frombuffer(frames, np.uint8)
        self._states: dict[StateId, Any] = {}

    def load(self, device: str) -> ModelDescription:
        model = self._model
        model.load(device)
        for name in ("name", "version", "width", "height"):
            if not hasattr(model, name):
                raise ModelFault(f"{type(model).__name__} has no `{name}`.")
        if not isinstance(model.rebuild_ms, int) or not 0 <= model.rebuild_ms <= REBUILD_MS_MAX:
            raise ModelFault(f"`rebuild_ms` is {model.rebuild_ms!r}, not whole milliseconds up to {REBUILD_MS_MAX}.")
        model._example = model.start(NewSession("warm-up", 0.0))
        return ModelDescription(
            model=model.name,
            version=model.version,
            width=model.width,
            height=model.height,
            frames_per_second=model.fps,
            actions=tuple(model.actions),
            state_bytes=len(model.pack(model._example)),
            rebuild_ms=model.rebuild_ms,
        )

    def batch_max(self) -> int:
        """Sessions that a step may hold: the model's own limit, and the room for frames."""
        room = self._frames.size // self._frame_bytes
        sizes = self._model.batch_sizes
        return min(room, self._model.batch_max or room, sizes[-1] if sizes else room)

    def start(self, state: StateId, session: NewSession) -> bytes:
        return self._keep(state, self._model.start(session))

    def unpack(self, state: StateId, data: bytes) -> bytes:
        """Raises ValueError when `data` cannot be gone on from."""
        value = self._model.unpack(data)
        if not all(self._model.check([value])):
            raise ValueError("The state holds a number that is not finite, or is refused by the model's own check.")
        return self._keep(state, value)

    def copy(self, state: StateId, of: StateId) -> bytes:
        return self._keep(state, self._model.unpack(self._model.pack(self._states[of])))

    def pack(self, states: Sequence[StateId]) -> dict[StateId, bytes]:
        return {state: self._model.pack(self._states[state]) for state in states if state in self._states}

    def drop(self, states: Sequence[StateId]) -> None:
        for state in states:
            self._states.pop(state, None)

    def step(self, orders: Sequence[StateId], actions: NDArray[np.float32], pack: Sequence[StateId]) -> RunnerStep:
        batch = len(orders)
        states, padded = self._padded([self._states[state] for state in orders], actions)
        frames, following = self._model.step(states, padded)
        usable = list(self._model.check(following))[:batch]
        following = arrays.rows(following)[:batch]
        if len(following) != batch or len(usable) != batch:
            raise ModelFault(f"`step` answered with {len(following)} states for {batch} sessions.")
        self._check_forms(following)
        self._write(frames, batch)
        for state, value, good in zip(orders, following, usable, strict=True):
            if good:
                self._states[state] = value
        return RunnerStep(usable, self.pack(pack))

    def _padded(self, states: list[Any], actions: NDArray[np.float32]) -> tuple[list[Any], NDArray[np.float32]]:
        sizes = self._model.batch_sizes
        batch = len(states)
        missing = 0 if not sizes else next(size for size in sizes if size >= batch) - batch
        if missing == 0:
            return states, actions
        return states + states[-1:] * missing, np.concatenate([actions, np.repeat(actions[-1:], missing, axis=0)])

    def _check_forms(self, states: list[Any]) -> None:
        """A type that creeps in, such as float64 for float32, would make checkpoints that nobody can restore."""
        wanted = arrays.form(self._model._example)
        for state in states:
            if arrays.form(state) != wanted:
                raise ModelFault(f"`step` answered with a state of {arrays.form(state)}, not {wanted} as `start` did.")

    def _write(self, frames: Any, batch: int) -> None:
        pictures = arrays.to_numpy(frames)
        wanted = (self._model.height, self._model.width, 3)
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != wanted or len(pictures) < batch:
            raise ModelFault(
                f"`step` answered with frames {pictures.dtype} {list(pictures.shape)}, not uint8 {[batch, *wanted]}."
            )
        size = batch * self._frame_bytes
        self._frames[:size] = np.ascontiguousarray(pictures[:batch]).reshape(-1)

    def _keep(self, state: StateId, value: Any) -> bytes:
        packed = self._model.pack(value)
        self._states[state] = value
        return packed

    @property
    def _frame_bytes(self) -> int:
        return self._model.width * self._model.height * 3
