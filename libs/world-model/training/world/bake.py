"""Floor and ceiling as pictures of the whole map, baked once: tiles, medallion, spilt light, soft contact shadows.

Each is a stack of ever softer copies, so that far floor is averaged, not sampled: no shimmer, and easy to learn.
"""

from dataclasses import dataclass

import numpy as np

from .place import Place

TEXEL_M = 0.04
LEVELS = 5


def smooth(edge0: float, edge1: float, value: np.ndarray) -> np.ndarray:
    """Smoothstep from 0 at edge0 to 1 at edge1."""
    t = np.clip((value - edge0) / (edge1 - edge0), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Blend colours [..., 3] by a weight without the last axis."""
    return a + (b - a) * t[..., None]


@dataclass(frozen=True)
class Baked:
    """floor, ceiling: [LEVELS, rows, cols, 3]; room: [rows, cols] index of the room at a point."""

    floor: np.ndarray
    ceiling: np.ndarray
    room: np.ndarray

    def at(self, stack: np.ndarray, x: np.ndarray, y: np.ndarray, footprint_m: np.ndarray) -> np.ndarray:
        """Bilinear colour at x, y from the level whose texel fits the footprint: like x, with a last axis of 3."""
        level = np.clip(np.log2(np.maximum(footprint_m, 1e-3) / TEXEL_M), 0, LEVELS - 1)
        level = np.rint(level).astype(np.intp)
        rows, cols = stack.shape[1:3]
        fx, fy = np.clip(x / TEXEL_M - 0.5, 0, cols - 1.01), np.clip(y / TEXEL_M - 0.5, 0, rows - 1.01)
        ix, iy = fx.astype(np.intp), fy.astype(np.intp)
        wx, wy = (fx - ix)[..., None].astype(np.float32), (fy - iy)[..., None].astype(np.float32)
        flat = stack.reshape(-1, 3)
        base = (level * rows + iy) * cols + ix
        top = flat[base] * (1 - wx) + flat[base + 1] * wx
        low = flat[base + cols] * (1 - wx) + flat[base + cols + 1] * wx
        return top * (1 - wy) + low * wy


def bake(place: Place) -> Baked:
    """Paint floor and ceiling of a place."""
    width, height = place.size
    gx, gy = np.meshgrid(np.arange(0, width, TEXEL_M) + TEXEL_M / 2, np.arange(0, height, TEXEL_M) + TEXEL_M / 2)
    room = np.zeros(gx.shape, np.intp)
    for index, r in enumerate(place.rooms):
        x0, y0, x1, y1 = r.rect
        room[(gx >= x0) & (gx < x1) & (gy >= y0) & (gy < y1)] = index
    clearance = np.maximum(place.distance(gx, gy)[0], 0)
    floor = _floor(place, gx, gy, room) * (1 - 0.5 * np.exp(-clearance / 0.3))[..., None]
    ceiling = _ceiling(place, gx, gy, room) * (1 - 0.35 * np.exp(-clearance / 0.35))[..., None]
    return Baked(_levels(floor), _levels(ceiling), room)


def _floor(place: Place, gx, gy, room) -> np.ndarray:
    tile_a = np.array([r.tile_a for r in place.rooms])[room]
    tile_b = np.array([r.tile_b for r in place.rooms])[room]
    chequer = smooth(-0.25, 0.25, np.sin(np.pi * gx) * np.sin(np.pi * gy))
    colour = mix(tile_a, tile_b, chequer * 0.85)
    mx, my, radius = place.medallion
    r, angle = np.hypot(gx - mx, gy - my), np.arctan2(gy - my, gx - mx)
    star = smooth(-0.15, 0.15, np.cos(8 * angle) * 0.5 + 0.62 - r / radius)
    inlay = mix(np.broadcast_to([0.82, 0.72, 0.50], colour.shape), np.array([0.46, 0.13, 0.12]), star)
    colour = mix(colour, inlay, smooth(radius, radius - 0.12, r))
    ring = np.exp(-(((r - radius) / 0.07) ** 2))
    colour = mix(colour, np.array([0.30, 0.20, 0.13]), 0.8 * ring)
    for p in place.paintings:
        if p.glow > 0:
            away = np.abs((gx, gy)[p.axis] - p.plane)
            aside = np.abs((gx, gy)[1 - p.axis] - p.along)
            spill = smooth(0.35, -0.35, aside - p.half_width - 0.12 * away) * np.exp(-away / 3.2)
            colour = colour * (1 + 0.9 * spill[..., None]) + spill[..., None] * np.array([0.30, 0.24, 0.12])
    return colour * 0.92


def _ceiling(place: Place, gx, gy, room) -> np.ndarray:
    wall = np.array([r.wall for r in place.rooms])[room]
    colour = 0.62 + 0.22 * wall
    for x0, y0, x1, y1 in place.skylights:
        inside = np.minimum(np.minimum(gx - x0, x1 - gx), np.minimum(gy - y0, y1 - gy))
        halo = np.exp(np.minimum(inside, 0) / 0.6)
        colour = colour + 0.16 * halo[..., None]
        colour = mix(colour, np.array([1.0, 0.99, 0.95]), smooth(-0.06, 0.06, inside))
    return np.clip(colour, 0, 1)


def _levels(picture: np.ndarray) -> np.ndarray:
    """Each level blurs the one before with a binomial kernel spread twice as wide."""
    levels = [picture]
    for level in range(LEVELS - 1):
        step, p = 2**level, levels[-1]
        for axis in (0, 1):
            p = (np.roll(p, step, axis) + 2 * p + np.roll(p, -step, axis)) / 4
        levels.append(p)
    return np.stack(levels).astype(np.float32)
