"""Bring your own in an afternoon: a world of 40 lines of numpy. Walk over a painted plain and turn.

meridian-worker serve meridian_worker.examples.paint:Paint
"""

import numpy as np
from numpy.typing import NDArray

from meridian_worker import Model, NewSession

State = NDArray[np.float32]


class Paint(Model):
    name = "paint"
    version = "1.0.0"
    width, height = 128, 72
    actions = ("forward", "strafe", "yaw")

    def load(self, device: str) -> None:
        """The ray through each pixel below the horizon, for a camera at height 1."""
        y, x = np.mgrid[0 : self.height, 0 : self.width]
        below = np.maximum(y - self.height * 0.45, 0.75)
        self.depth = 60 / below
        self.side = (x - self.width / 2) / below * 0.75
        self.sky = y < self.height * 0.45

    def start(self, session: NewSession) -> State:
        """x, y and heading."""
        return np.array([session.draw * 20, 0, session.draw * 6.28], np.float32)

    def step(self, states: list[State], actions: NDArray[np.float32]) -> tuple[NDArray[np.uint8], list[State]]:
        moved = [self.move(state, action) for state, action in zip(states, actions, strict=True)]
        return np.stack([self.paint(state) for state in moved]), moved

    def move(self, state: State, action: NDArray[np.float32]) -> State:
        heading = state[2] + 0.06 * action[2]
        ahead, right = 0.12 * action[0], 0.12 * action[1]
        dx = ahead * np.cos(heading) - right * np.sin(heading)
        dy = ahead * np.sin(heading) + right * np.cos(heading)
        return np.array([state[0] + dx, state[1] + dy, heading], np.float32)

    def paint(self, state: State) -> NDArray[np.uint8]:
        cos, sin = np.cos(state[2]), np.sin(state[2])
        x = state[0] + self.depth * cos - self.side * sin
        y = state[1] + self.depth * sin + self.side * cos
        tiles = (np.floor(x / 2) + np.floor(y / 2)) % 2
        fade = np.clip(2.2 / np.sqrt(self.depth), 0, 1)
        colour = np.stack([90 + 110 * tiles, 120 + 40 * np.sin(x / 9), 130 + 60 * np.cos(y / 7)], -1) * fade[..., None]
        return np.where(self.sky[..., None], (176, 205, 232), colour).astype(np.uint8)
