"""Where rays end: slab tests against every box, a quadratic against every pillar, for all rays at once.

A place has some twenty solids, so testing all of them beats walking a grid (DDA) and gives thin walls and round columns.
"""

from dataclasses import dataclass

import numpy as np

from .place import Place

FAR_M = 60.0


@dataclass(frozen=True)
class Hits:
    """Per ray, all [N]: distance, hit point, outward normal, and whether it is a round pillar."""

    distance: np.ndarray
    x: np.ndarray
    y: np.ndarray
    nx: np.ndarray
    ny: np.ndarray
    round: np.ndarray


def cast(place: Place, x: np.ndarray, y: np.ndarray, phi: np.ndarray) -> Hits:
    """First solid along each ray from x, y (outside all solids) in direction phi (radians): arrays [N]."""
    dx, dy = np.cos(phi).astype(np.float32), np.sin(phi).astype(np.float32)
    x, y = x.astype(np.float32), y.astype(np.float32)
    best = np.full(x.shape, FAR_M, np.float32)
    nx, ny = np.zeros_like(best), np.zeros_like(best)
    inverse_x = 1 / np.where(np.abs(dx) < 1e-7, 1e-7, dx)
    inverse_y = 1 / np.where(np.abs(dy) < 1e-7, 1e-7, dy)
    for x0, y0, x1, y1 in place.boxes.astype(np.float32):
        ax, bx = (x0 - x) * inverse_x, (x1 - x) * inverse_x
        ay, by = (y0 - y) * inverse_y, (y1 - y) * inverse_y
        enter_x, enter_y = np.minimum(ax, bx), np.minimum(ay, by)
        enter = np.maximum(enter_x, enter_y)
        leave = np.minimum(np.maximum(ax, bx), np.maximum(ay, by))
        hit = (enter < leave) & (enter > 1e-4) & (enter < best)
        best = np.where(hit, enter, best)
        side = enter_x > enter_y
        nx = np.where(hit, np.where(side, -np.sign(dx), 0), nx)
        ny = np.where(hit, np.where(side, 0, -np.sign(dy)), ny)
    is_round = np.zeros(x.shape, bool)
    for cx, cy, radius in place.pillars.astype(np.float32):
        ox, oy = x - cx, y - cy
        b = ox * dx + oy * dy
        root = b * b - (ox * ox + oy * oy - radius * radius)
        t = -b - np.sqrt(np.maximum(root, 0))
        hit = (root > 0) & (t > 1e-4) & (t < best)
        best = np.where(hit, t, best)
        nx, ny = np.where(hit, (ox + t * dx) / radius, nx), np.where(hit, (oy + t * dy) / radius, ny)
        is_round |= hit
    return Hits(best, x + best * dx, y + best * dy, nx, ny, is_round)
