"""States that are numpy arrays or torch tensors, without importing torch where nobody else has."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_tensor(value: Any) -> bool:
    return type(value).__module__.startswith("torch")


def to_numpy(value: Any) -> NDArray[Any]:
    return np.asarray(value.detach().cpu() if is_tensor(value) else value)


def pack(state: Any) -> bytes:
    if isinstance(state, (bytes, bytearray)):
        return bytes(state)
    if not is_tensor(state) and not isinstance(state, np.ndarray):
        raise TypeError(f"A state of type {type(state).__name__} needs a `pack` and an `unpack` of the model's own.")
    return to_numpy(state).tobytes()


def unpack(data: bytes, like: Any) -> Any:
    """An array of the type, shape and device of `like`."""
    if isinstance(like, (bytes, bytearray)):
        return data
    example = to_numpy(like)
    if len(data) != example.nbytes:
        raise ValueError(f"A state has {example.nbytes} bytes, not {len(data)}.")
    array = np.frombuffer(data, example.dtype).reshape(example.shape).copy()
    if not is_tensor(like):
        return array
    import torch

    return torch.from_numpy(array).to(like.device)


def form(value: Any) -> str:
    """What an array is made of, such as "float32 [3]"; of anything else its type."""
    if not hasattr(value, "dtype"):
        return type(value).__name__
    return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"


def finite(states: Sequence[Any]) -> list[bool]:
    """For each state whether its numbers are all finite; what holds no floating-point numbers is."""
    if len(states) == 0:
        return []
    if is_tensor(states[0]):
        return _finite_tensors(states)
    if not isinstance(states[0], np.ndarray) or states[0].dtype.kind != "f":
        return [True] * len(states)
    return [bool(np.isfinite(state).all()) for state in states]


def _finite_tensors(states: Sequence[Any]) -> list[bool]:
    """One question to the device, whatever the batch."""
    if not states[0].is_floating_point():
        return [True] * len(states)
    import torch

    batch = states if is_tensor(states) else torch.stack(list(states))
    return [bool(each) for each in torch.isfinite(batch).flatten(1).all(1).tolist()]


def rows(states: Any) -> list[Any]:
    """One state a session. A row of a batch is copied, so that a session that stands still does not keep the batch alive."""
    if is_tensor(states):
        return [row.clone() for row in states.unbind(0)]
    if isinstance(states, np.ndarray):
        return [row.copy() for row in states]
    return list(states)
