"""What passes between the worker and the model's process, pickled; both are forks of one program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meridian_worker.contract import NewSession
from meridian_worker.engine.ports import ModelDescription, StateId


@dataclass(frozen=True, slots=True)
class Load:
    # "cpu", "cuda", or "auto": CUDA where torch finds it.
    device: str


@dataclass(frozen=True, slots=True)
class Loaded:
    description: ModelDescription
    device: str
    batch_max: int


@dataclass(frozen=True, slots=True)
class StartState:
    state: StateId
    session: NewSession


@dataclass(frozen=True, slots=True)
class UnpackState:
    state: StateId
    data: bytes


@dataclass(frozen=True, slots=True)
class CopyState:
    state: StateId
    of: StateId


@dataclass(frozen=True, slots=True)
class PackStates:
    states: Sequence[StateId]


@dataclass(frozen=True, slots=True)
class StepStates:
    orders: Sequence[StateId]
    actions: NDArray[np.float32]
    pack: Sequence[StateId]


Request = Load | StartState | UnpackState | CopyState | PackStates | StepStates


@dataclass(frozen=True, slots=True)
class Envelope:
    request: Request
    # States that nobody needs any more.
    drop: Sequence[StateId]


@dataclass(frozen=True, slots=True)
class Done:
    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    # The last line for a refusal, the whole for the log.
    message: str
    traceback: str
    # The device is of no more use to this process.
    fatal: bool


Reply = Done | Failed
