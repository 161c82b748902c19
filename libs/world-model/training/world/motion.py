"""How a visitor moves: the truth that the transition learns.

1. Heading turns first, then the step is taken in the new heading.
2. A step is free motion to a candidate point, then pushed out of whatever it came too near to. The push depends on
   the candidate alone, so sliding along walls and around pillars is one smooth field over the map.
3. Nobody ends nearer than `RADIUS_M` to a solid (within a tenth of a millimetre).
"""

import numpy as np

from .place import Place

STEP_M, SPRINT_GAIN = 0.09, 0.7  # a frame; 2.25 m/s walking, 3.8 m/s at full sprint
TURN_RAD = float(np.radians(4.8))  # a frame; 120 degrees a second
RADIUS_M = 0.30


def wrap(angle: np.ndarray) -> np.ndarray:
    """Into [-pi, pi)."""
    return angle - 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))


def clip_action(action: np.ndarray) -> np.ndarray:
    """forward, strafe, yaw to [-1, 1], sprint to [0, 1], and no faster on the diagonal: like action [..., 4]."""
    a = np.clip(np.nan_to_num(action), (-1, -1, -1, 0), 1)
    length = np.maximum(np.hypot(a[..., 0], a[..., 1]), 1)
    a[..., 0] /= length
    a[..., 1] /= length
    return a


def wish(heading: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Free displacement in metres for a clipped action in the (already turned) heading."""
    speed = STEP_M * (1 + SPRINT_GAIN * action[..., 3])
    cos, sin = np.cos(heading), np.sin(heading)
    forward, strafe = action[..., 0] * speed, action[..., 1] * speed
    return forward * cos - strafe * sin, forward * sin + strafe * cos


def push_out(place: Place, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The displacement that takes a candidate point clear of the solids: dx, dy in metres, exactly 0 in the open."""
    px, py = x.copy(), y.copy()
    for _ in range(4):  # two suffice in a corner of two walls; the rest is for a pillar beside one
        d, nx, ny = place.distance(px, py)
        short = np.maximum(RADIUS_M - d, 0)
        px, py = px + nx * short, py + ny * short
    return px - x, py - y


def step(place: Place, pose: np.ndarray, action: np.ndarray) -> np.ndarray:
    """One frame of motion: pose [N, 3] (x, y, heading) and action [N, 4] -> pose [N, 3]."""
    a = clip_action(np.array(action, float))
    heading = wrap(pose[:, 2] + TURN_RAD * a[:, 2])
    dx, dy = wish(heading, a)
    x, y = pose[:, 0] + dx, pose[:, 1] + dy
    cx, cy = push_out(place, x, y)
    moving = (dx != 0) | (dy != 0)  # standing still is standing still, to the last bit
    return np.stack([np.where(moving, x + cx, pose[:, 0]), np.where(moving, y + cy, pose[:, 1]), heading], 1)
