"""What a place is made of: solids to bump into, paintings to remember, rooms with their colours.

Units are metres. The map's y axis points down (as on a page), so a growing heading turns right.
Everything is a plain array: the renderer gathers one row per ray and never loops over rays.
"""

from dataclasses import dataclass

import numpy as np

WALL_HEIGHT_M = 2.8
EYE_HEIGHT_M = 1.3


@dataclass(frozen=True)
class Painting:
    """A framed picture on an axis-aligned wall: sky over two hills, with a disc (rings make it abstract).

    `axis` 0 hangs on a wall x = `plane`, 1 on a wall y = `plane`; `along` is the centre on the other axis.
    Colours are RGB in 0..1. `glow` > 0 makes it a source of light: the doorway is one.
    """

    axis: int
    plane: float
    along: float
    half_width: float
    top: tuple[float, float, float]
    bottom: tuple[float, float, float]
    disc: tuple[float, float, float]
    hill: tuple[float, float, float]
    frame: tuple[float, float, float] = (0.72, 0.56, 0.26)
    centre_z: float = 1.45
    half_height: float = 0.62
    disc_at: tuple[float, float] = (0.0, 0.1)
    disc_radius: float = 0.3
    rings: float = 0.0
    hill_height: float = -2.0
    hill_wave: float = 0.12
    hill_turns: float = 1.0
    glow: float = 0.0

    def row(self) -> list[float]:
        """The painting as numbers, in the order of `FIELDS`."""
        flat: list[float] = []
        for name in FIELD_SOURCES:
            value = getattr(self, name)
            flat.extend(value if isinstance(value, tuple) else (value,))
        return flat


FIELD_SOURCES = (
    "axis", "plane", "along", "half_width", "centre_z", "half_height", "disc_at", "disc_radius", "rings",
    "hill_height", "hill_wave", "hill_turns", "glow", "top", "bottom", "disc", "hill", "frame",
)  # fmt: skip
FIELDS = (
    "axis", "plane", "along", "half_width", "centre_z", "half_height", "disc_s", "disc_z", "disc_radius", "rings",
    "hill_height", "hill_wave", "hill_turns", "glow",
)  # fmt: skip
COLOURS = {name: slice(14 + 3 * i, 17 + 3 * i) for i, name in enumerate(("top", "bottom", "disc", "hill", "frame"))}


@dataclass(frozen=True)
class Room:
    """A rectangle x0, y0, x1, y1 with the colours of its walls, wainscot and two floor tiles."""

    rect: tuple[float, float, float, float]
    wall: tuple[float, float, float]
    wainscot: tuple[float, float, float]
    tile_a: tuple[float, float, float]
    tile_b: tuple[float, float, float]


@dataclass(frozen=True)
class Place:
    """boxes [K, 4] as x0, y0, x1, y1; pillars [C, 3] as x, y, radius; size (width, height) in metres."""

    size: tuple[float, float]
    boxes: np.ndarray
    pillars: np.ndarray
    paintings: tuple[Painting, ...]
    rooms: tuple[Room, ...]
    medallion: tuple[float, float, float]
    skylights: tuple[tuple[float, float, float, float], ...]
    spawns: tuple[tuple[float, float, float], ...]

    def distance(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Signed distance to the nearest solid (negative inside) and its outward unit normal: d, nx, ny, like x."""
        best = np.full(x.shape, np.inf)
        nx, ny = np.zeros(x.shape), np.zeros(x.shape)
        for x0, y0, x1, y1 in self.boxes:
            best, nx, ny = _nearer(best, nx, ny, *_box_distance(x, y, x0, y0, x1, y1))
        for cx, cy, radius in self.pillars:
            dx, dy = x - cx, y - cy
            length = np.maximum(np.hypot(dx, dy), 1e-9)
            best, nx, ny = _nearer(best, nx, ny, length - radius, dx / length, dy / length)
        return best, nx, ny


def _nearer(best, nx, ny, d, mx, my):
    closer = d < best
    return np.where(closer, d, best), np.where(closer, mx, nx), np.where(closer, my, ny)


def _box_distance(x, y, x0, y0, x1, y1):
    """Outside: to the nearest edge or corner. Inside: minus the way out, normal to the nearest side."""
    ox, oy = x - (x0 + x1) / 2, y - (y0 + y1) / 2
    ax, ay = np.abs(ox) - (x1 - x0) / 2, np.abs(oy) - (y1 - y0) / 2
    px, py = np.maximum(ax, 0), np.maximum(ay, 0)
    outside = np.hypot(px, py)
    inside = np.minimum(np.maximum(ax, ay), 0)
    flat_x = ax > ay
    length = np.maximum(outside, 1e-12)
    nx = np.where(outside > 0, px / length, flat_x) * np.sign(ox)
    ny = np.where(outside > 0, py / length, ~flat_x) * np.sign(oy)
    return outside + inside, nx, ny
