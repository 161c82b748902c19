"""Light and colour: what a camera at a pose sees, as whole frames or as single columns.

A level camera over vertical walls makes every image column depend on x, y and its own direction only, so the
renderer works on columns; a frame is 128 of them. Supersampled 2 x 2, floats in 0..1 until the last rounding.
"""

import numpy as np

from .bake import Baked, bake, mix, smooth
from .camera import FRAME_HEIGHT, FRAME_WIDTH, TAN_HALF_FOV, TAN_HALF_FOV_V, column_slopes, row_slopes
from .place import COLOURS, EYE_HEIGHT_M, FIELDS, WALL_HEIGHT_M, Place
from .raycast import Hits, cast

FOG_M, FOG_COLOUR = 30.0, np.array([0.80, 0.76, 0.70], np.float32)
SUB = (-0.25, 0.25)
CHUNK = 1024


class Renderer:
    """Bakes a place once, then renders any number of views of it. Deterministic: no randomness at all."""

    def __init__(self, place: Place):
        self.place = place
        self.baked: Baked = bake(place)
        self.room_walls = np.array([r.wall for r in place.rooms], np.float32)
        self.room_wainscots = np.array([r.wainscot for r in place.rooms], np.float32)
        self.paintings = np.array([p.row() for p in place.paintings], np.float32).reshape(-1, 14 + 3 * len(COLOURS))

    def frames(self, poses: np.ndarray) -> np.ndarray:
        """poses [N, 3] as x, y, heading -> uint8 [N, 72, 128, 3]."""
        n = len(poses)
        slopes = np.tile(column_slopes(), n)
        x, y, heading = (np.repeat(poses[:, i], FRAME_WIDTH) for i in range(3))
        columns, _ = self.columns(x, y, heading, slopes)
        return columns.reshape(n, FRAME_WIDTH, FRAME_HEIGHT, 3).transpose(0, 2, 1, 3)

    def columns(self, x, y, heading, slopes) -> tuple[np.ndarray, np.ndarray]:
        """Image columns at slopes (tangents right of the axis), all [N] -> uint8 [N, 72, 3], distance_m float32 [N]."""
        colour = np.empty((len(x), FRAME_HEIGHT, 3), np.uint8)
        distance = np.empty(len(x), np.float32)
        for i in range(0, len(x), CHUNK):  # small enough to stay in cache
            s = slice(i, i + CHUNK)
            total = np.float32(0)
            for sub in SUB:
                slope = slopes[s] + sub * 2 / FRAME_WIDTH * TAN_HALF_FOV
                total = total + self._shade(x[s], y[s], heading[s] + np.arctan(slope), slope)
            colour[s] = np.clip(total * (255 / len(SUB)) + 0.5, 0, 255).astype(np.uint8)
            distance[s] = cast(self.place, x[s], y[s], heading[s] + np.arctan(slopes[s])).distance
        return colour, distance

    def _shade(self, x, y, phi, slope) -> np.ndarray:
        """One ray a column, two samples a row, averaged: [N, 72, 3]."""
        hits = cast(self.place, x, y, phi)
        total = np.float32(0)
        for sub in SUB:
            total = total + self._rows(x, y, phi, slope, hits, row_slopes(sub).astype(np.float32))
        return total / len(SUB)

    def _rows(self, x, y, phi, slope, hits: Hits, rows: np.ndarray) -> np.ndarray:
        stretch = np.sqrt(1 + slope * slope).astype(np.float32)[:, None]  # along the ray, per metre of depth
        z = EYE_HEIGHT_M - rows * (hits.distance[:, None] / stretch)
        colour = self._wall(hits, np.abs(z))  # below the floor line: the wall mirrored in the polish
        colour = mix(colour, FOG_COLOUR, 1 - np.exp(-hits.distance / FOG_M)[:, None] * np.ones_like(z))
        for stack, height, inside in (
            (self.baked.floor, EYE_HEIGHT_M, z < 0),
            (self.baked.ceiling, WALL_HEIGHT_M - EYE_HEIGHT_M, z > WALL_HEIGHT_M),
        ):
            col, row = np.nonzero(inside)
            reach = height / np.abs(rows[row]) * stretch[col, 0]
            px, py = x[col] + reach * np.cos(phi[col]), y[col] + reach * np.sin(phi[col])
            pixel = 2 * TAN_HALF_FOV_V / FRAME_HEIGHT
            flat = self.baked.at(stack, px, py, 0.5 * reach * reach / height * pixel)
            flat = mix(flat, FOG_COLOUR, 1 - np.exp(-reach / FOG_M))
            if height == EYE_HEIGHT_M:
                gloss = 0.34 * np.exp(z[col, row] / 1.1)  # fades with the mirrored height
                flat = mix(flat, colour[col, row], gloss)
            colour[col, row] = flat
        return colour

    def _wall(self, hits: Hits, z: np.ndarray) -> np.ndarray:
        """Wall colour for columns [N] at heights z [N, R]: [N, R, 3]."""
        n = z.shape[0]
        near_x, near_y = hits.x + hits.nx * 0.35, hits.y + hits.ny * 0.35
        corner = np.clip(self.place.distance(near_x, near_y)[0] / 0.35, 0, 1).astype(np.float32)
        rows, cols = self.baked.room.shape
        room = self.baked.room[
            np.clip(near_y / 0.04, 0, rows - 1).astype(np.intp), np.clip(near_x / 0.04, 0, cols - 1).astype(np.intp)
        ]
        wall, wainscot = self.room_walls[room], self.room_wainscots[room]
        marble = np.array([0.90, 0.87, 0.82], np.float32)
        wall = np.where(hits.round[:, None], marble, wall)
        wainscot = np.where(hits.round[:, None], marble * 0.86, wainscot)
        colour = mix(wainscot[:, None, :], wall[:, None, :], smooth(0.66, 0.72, z))
        rail = np.exp(-(((z - 0.70) / 0.035) ** 2)) + 0.8 * np.exp(-(((z - 0.08) / 0.06) ** 2))
        colour = colour * (1 - 0.35 * rail[..., None])
        light = 0.74 + 0.26 * smooth(0, 2.6, z) - 0.30 * np.exp(-z / 0.22) - 0.18 * np.exp(-(WALL_HEIGHT_M - z) / 0.2)
        facing = 0.90 + 0.12 * hits.nx * np.where(hits.round, 1.3, 1) - 0.10 * hits.ny * np.where(hits.round, -2.2, 1)
        colour = colour * (light * (facing * (0.70 + 0.30 * corner))[:, None])[..., None]
        return self._paintings(hits, z, colour.reshape(n, -1, 3))

    def _paintings(self, hits: Hits, z, colour) -> np.ndarray:
        """Each column can cross one picture only: gather its numbers, then draw frame, sky, hills and disc at once."""
        axis = (np.abs(hits.ny) > 0.5).astype(np.intp)
        plane, along = np.where(axis == 0, hits.x, hits.y), np.where(axis == 0, hits.y, hits.x)
        field = {name: self.paintings[None, :, i] for i, name in enumerate(FIELDS)}
        same = (field["axis"] == axis[:, None]) & (np.abs(field["plane"] - plane[:, None]) < 0.02) & ~hits.round[:, None]
        gap = np.abs(field["along"] - along[:, None]) + np.where(same, 0, 1e3) - field["half_width"]
        which = np.argmin(gap, 1)
        chosen = np.nonzero(gap[np.arange(len(which)), which] < 1.0)[0]
        if not len(chosen):
            return colour
        rows = self.paintings[which[chosen]]
        f = {name: rows[:, i, None] for i, name in enumerate(FIELDS)}
        hue = {name: rows[:, None, part] for name, part in COLOURS.items()}
        s, h = along[chosen, None] - f["along"], z[chosen] - f["centre_z"]
        colour[chosen] = _picture(f, hue, s, h, colour[chosen])
        return colour


def _picture(f, hue, s, h, behind) -> np.ndarray:
    """Draw a picture at s (metres right of its centre) and h (above it) over the wall behind it: [M, R, 3]."""
    edge = np.maximum(np.abs(s) - f["half_width"], np.abs(h) - f["half_height"])  # metres outside the canvas
    pool = np.exp(-((np.maximum(edge, 0) / 0.45) ** 2)) * (1 + f["glow"])
    lit = behind * (1 + 0.30 * pool[..., None]) + 0.04 * pool[..., None]
    up = np.clip(h / f["half_height"] * 0.5 + 0.5, 0, 1)
    canvas = mix(hue["bottom"], hue["top"], up)
    r = np.hypot(s - f["disc_s"], h - f["disc_z"])
    rings = np.where(f["rings"] > 0, 0.5 + 0.5 * np.cos(2 * np.pi * f["rings"] * r / np.maximum(f["disc_radius"], 0.01)), 1)
    canvas = mix(canvas, hue["disc"], smooth(0.025, -0.025, r - f["disc_radius"]) * rings)
    ridge = f["hill_height"] + f["hill_wave"] * np.sin(np.pi * f["hill_turns"] * s / f["half_width"] + 0.7)
    canvas = mix(canvas, hue["hill"], smooth(0.025, -0.025, h - ridge))
    canvas = mix(canvas, hue["hill"] * 0.6, smooth(0.025, -0.025, h - 1.6 * ridge - 0.4 * f["hill_height"] + 0.2))
    canvas = canvas * (0.94 + 0.06 * up + 0.14 * f["glow"])[..., None]
    framed = mix(canvas, hue["frame"] * (0.85 + 0.15 * up)[..., None], smooth(-0.09, -0.05, edge))
    return mix(framed, lit, smooth(-0.02, 0.03, edge))
