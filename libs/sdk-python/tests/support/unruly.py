"""A model that does what an action of its says: "mischief" is an axis."""

import os
import time

import numpy as np
from numpy.typing import NDArray

from meridian_worker import Model, NewSession

THROW, SPOIL, HANG, DIE = 0.2, 0.4, 0.6, 0.8

State = NDArray[np.float32]


class Unruly(Model):
    """The state is the number of steps; a frame shows it in every pixel."""

    name = "unruly"
    version = "1.0.0"
    width, height = 16, 16
    actions = ("mischief",)
    rebuild_ms = 120

    def start(self, session: NewSession) -> State:
        return np.zeros(1, np.float32)

    def step(self, states: list[State], actions: NDArray[np.float32]) -> tuple[NDArray[np.uint8], list[State]]:
        following = [state + 1 for state in states]
        for i, (mischief,) in enumerate(np.round(actions, 1).tolist()):
            if np.isclose(mischief, THROW):
                raise ArithmeticError("the sum does not come out")
            if np.isclose(mischief, SPOIL):
                following[i] = np.full(1, np.nan, np.float32)
            if np.isclose(mischief, HANG):
                time.sleep(3_600)
            if np.isclose(mischief, DIE):
                os._exit(1)
        shades = np.array([int(state[0]) % 256 for state in following], np.uint8)
        return np.broadcast_to(shades[:, None, None, None], (len(states), 16, 16, 3)), following


class Unloadable(Unruly):
    def load(self, device: str) -> None:
        raise FileNotFoundError("weights.pt")


class Endless(Unruly):
    def load(self, device: str) -> None:
        time.sleep(3_600)


class Heavy(Unruly):
    """Its state is larger than a checkpoint may be."""

    def start(self, session: NewSession) -> State:
        return np.zeros(1_100_000, np.float32)


class Misshapen(Unruly):
    def step(self, states: list[State], actions: NDArray[np.float32]) -> tuple[NDArray[np.uint8], list[State]]:
        return np.zeros((len(states), 8, 8, 3), np.uint8), states
