"""Visitors: where they start and what they press. Seeded; the seed decides everything."""

import numpy as np

from .motion import RADIUS_M, step
from .place import Place


def free_points(place: Place, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points a visitor can stand on, [count, 2], evenly over the floor."""
    found = np.empty((0, 2))
    while len(found) < count:
        p = rng.uniform((0, 0), place.size, (2 * count, 2))
        found = np.concatenate([found, p[place.distance(p[:, 0], p[:, 1])[0] >= RADIUS_M]])
    return found[:count]


def actions(count: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """What visitors press: walk, look around, strafe along, stop, sprint; [count, frames, 4].

    Held for 5 to 40 frames a choice, eased over a few frames as a thumb or a gamepad would.
    """
    out = np.zeros((count, frames, 4))
    for walk in out:
        t = 0
        while t < frames:
            hold = int(rng.integers(5, 41))
            kind = rng.choice(5, p=(0.5, 0.15, 0.15, 0.1, 0.1))
            turn = rng.normal(0, 0.35) if kind == 0 else rng.uniform(-1, 1)
            walk[t : t + hold] = (
                (rng.uniform(0.6, 1), 0, turn, rng.random() < 0.25),
                (0, 0, turn, 0),
                (rng.uniform(-0.3, 1), rng.choice((-1, 1)), turn * 0.4, 0),
                (0, 0, 0, 0),
                (-rng.uniform(0.5, 1), 0, turn * 0.5, 0),
            )[kind]
            t += hold
        for t in range(1, frames):
            walk[t, :3] += 0.6 * (walk[t - 1, :3] - walk[t, :3])
    return np.clip(out, (-1, -1, -1, 0), 1).astype(np.float32)


def walk(place: Place, start: np.ndarray, pressed: np.ndarray) -> np.ndarray:
    """The true poses of walks: start [N, 3], pressed [N, T, 4] -> [N, T + 1, 3], the first being the start."""
    poses = [np.asarray(start, float)]
    for t in range(pressed.shape[1]):
        poses.append(step(place, poses[-1], pressed[:, t]))
    return np.stack(poses, 1)


def starts(place: Place, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random poses [count, 3]."""
    return np.concatenate([free_points(place, count, rng), rng.uniform(-np.pi, np.pi, (count, 1))], 1)
