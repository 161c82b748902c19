"""Walks that keep to open floor. Visitors of `world.walks` end at walls, and a wall at arm's length is easy to draw."""

import numpy as np

from world import motion, walks
from world.place import Place

LOOK_M, CLEAR_M = 1.5, 0.9  # how far ahead one looks, and how far from any solid that point has to be
GLANCE_RAD = 0.9
SLOW = 0.2


def starts(place: Place, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random poses [count, 3] that stand clear of every solid."""
    pose = walks.starts(place, 8 * count, rng)
    return pose[place.distance(pose[:, 0], pose[:, 1])[0] > CLEAR_M][:count]


def roam(place: Place, start: np.ndarray, frames: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What a visitor presses who turns away before walls, [N, frames, 4], and the true poses, [N, frames + 1, 3].

    As `walks.actions`, never backwards and with little strafing; while the way ahead is not clear, slow and turning to
    the freer side.
    """
    pressed = walks.actions(len(start), frames, rng)
    pressed[..., 0] = np.abs(pressed[..., 0])
    pressed[..., 1] *= 0.3
    poses, turn, was_blocked = [start], np.ones(len(start)), np.zeros(len(start), bool)
    for t in range(frames):
        ahead, right, left = (_clearance(place, poses[-1], glance) for glance in (0, GLANCE_RAD, -GLANCE_RAD))
        blocked = ahead < CLEAR_M
        turn = np.where(blocked & ~was_blocked, np.where(right > left, 1, -1), turn)  # no dithering in a corner
        away = np.stack([np.full_like(turn, SLOW), 0 * turn, turn, 0 * turn], 1)
        pressed[:, t] = np.where(blocked[:, None], away, pressed[:, t])
        poses.append(motion.step(place, poses[-1], pressed[:, t]))
        was_blocked = blocked
    return pressed, np.stack(poses, 1)


def _clearance(place: Place, pose: np.ndarray, glance: float) -> np.ndarray:
    """From the point looked at to the nearest solid, in metres: [N]."""
    heading = pose[:, 2] + glance
    return place.distance(pose[:, 0] + LOOK_M * np.cos(heading), pose[:, 1] + LOOK_M * np.sin(heading))[0]
