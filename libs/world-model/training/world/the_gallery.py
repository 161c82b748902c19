"""The designed place: an ivory hall of columns between a crimson, an ochre and a teal room, lit from a north door."""

import numpy as np

from .place import Painting, Place, Room

W, H = 18.0, 11.0


def _walls() -> np.ndarray:
    """Boxes that leave three rooms and a hall, joined by full-height openings in a loop on the west side."""
    return np.array(
        [
            [-1, -1, W + 1, 0.5], [-1, H - 0.5, W + 1, H + 1], [-1, -1, 0.5, H + 1], [W - 0.5, -1, W + 1, H + 1],
            [5.6, 0.5, 6.0, 2.4], [5.6, 4.2, 6.0, 7.4], [5.6, 9.2, 6.0, H - 0.5],
            [0.5, 6.0, 2.1, 6.4], [3.9, 6.0, 5.6, 6.4],
            [12.6, 0.5, 13.0, 2.2], [12.6, 4.0, 13.0, 7.0], [12.6, 8.8, 13.0, H - 0.5],
            [15.1, 3.6, 15.5, 7.4],
        ]
    )  # fmt: skip


def _rooms() -> tuple[Room, ...]:
    ivory = Room((5.8, 0, 12.8, H), (0.86, 0.81, 0.71), (0.70, 0.63, 0.52), (0.80, 0.76, 0.69), (0.42, 0.37, 0.34))
    crimson = Room((0, 0, 5.8, 6.2), (0.66, 0.17, 0.15), (0.40, 0.09, 0.09), (0.56, 0.37, 0.23), (0.42, 0.26, 0.16))
    ochre = Room((0, 6.2, 5.8, H), (0.87, 0.63, 0.22), (0.56, 0.36, 0.12), (0.63, 0.50, 0.37), (0.36, 0.27, 0.22))
    teal = Room((12.8, 0, W, H), (0.10, 0.42, 0.45), (0.06, 0.25, 0.30), (0.62, 0.66, 0.64), (0.20, 0.28, 0.33))
    return ivory, crimson, ochre, teal


GOLD, DARK, WHITE = (0.78, 0.60, 0.26), (0.13, 0.10, 0.09), (0.93, 0.92, 0.88)


def _paintings() -> tuple[Painting, ...]:
    navy, sky, sand = (0.08, 0.12, 0.34), (0.45, 0.71, 0.90), (0.95, 0.83, 0.58)
    sun, rose, leaf = (0.99, 0.80, 0.25), (0.92, 0.45, 0.50), (0.20, 0.45, 0.22)
    return (
        # Hall: the doorway of light in the north, a sunset, a forest, the blue rings facing it from the south.
        Painting(1, 0.5, 9.3, 1.0, (0.78, 0.90, 0.98), (1.0, 0.96, 0.80), WHITE, (0.60, 0.76, 0.40), (0.97, 0.95, 0.90),
                 centre_z=1.16, half_height=1.14, disc_radius=0.0, hill_height=-0.30, hill_wave=0.12, glow=1.0),
        Painting(0, 6.0, 5.8, 1.0, rose, sun, (1, 0.95, 0.75), navy, GOLD, disc_at=(0.2, 0.02), disc_radius=0.24,
                 hill_height=-0.28, hill_turns=1.3),
        Painting(0, 12.6, 5.5, 1.05, sky, (0.85, 0.93, 0.90), WHITE, leaf, DARK, disc_at=(-0.4, 0.3),
                 disc_radius=0.16, hill_height=-0.05, hill_wave=0.16, hill_turns=1.6),
        Painting(1, H - 0.5, 9.3, 1.1, (0.12, 0.25, 0.66), (0.07, 0.14, 0.42), (0.95, 0.95, 0.97), navy, WHITE,
                 half_height=0.8, disc_at=(0, 0), disc_radius=0.62, rings=2.5),
        Painting(0, 6.0, 1.45, 0.5, leaf, (0.55, 0.70, 0.30), sun, navy, DARK, disc_radius=0.22),
        Painting(0, 12.6, 1.35, 0.5, (0.50, 0.20, 0.50), (0.90, 0.55, 0.70), WHITE, navy, DARK, disc_radius=0.22),
        Painting(0, 6.0, 9.85, 0.42, sand, rose, navy, navy, DARK, disc_radius=0.2),
        Painting(0, 12.6, 9.65, 0.5, sun, (0.90, 0.40, 0.15), DARK, navy, DARK, disc_radius=0.24),
        # Crimson room: the great golden sun, a night with moon, a white square.
        Painting(0, 0.5, 3.3, 1.15, (0.10, 0.10, 0.26), (0.35, 0.12, 0.30), sun, DARK, GOLD, half_height=0.78,
                 disc_at=(0, 0.05), disc_radius=0.48, hill_height=-0.52, hill_wave=0.08, hill_turns=2.0),
        Painting(1, 0.5, 3.0, 0.9, navy, (0.25, 0.35, 0.62), WHITE, DARK, GOLD, disc_at=(0.35, 0.25),
                 disc_radius=0.15, hill_height=-0.2, hill_turns=0.8),
        Painting(0, 5.6, 5.2, 0.5, WHITE, (0.75, 0.75, 0.75), (0.85, 0.15, 0.12), DARK, DARK, disc_radius=0.25),
        Painting(0, 5.6, 1.4, 0.5, sky, WHITE, sun, leaf, GOLD, disc_radius=0.2, hill_height=-0.25),
        # Ochre room: the sea, and black rings.
        Painting(1, H - 0.5, 3.1, 1.3, sky, (0.93, 0.95, 0.90), WHITE, (0.06, 0.30, 0.55), WHITE, disc_at=(0.6, 0.3),
                 disc_radius=0.13, hill_height=-0.02, hill_wave=0.05, hill_turns=2.5),
        Painting(0, 0.5, 8.4, 0.85, WHITE, WHITE, DARK, DARK, DARK, half_height=0.7, disc_at=(0, 0),
                 disc_radius=0.5, rings=1.5),
        # Teal room: coral, desert, meadow; the partition carries orange and violet.
        Painting(0, W - 0.5, 3.0, 1.1, (0.98, 0.58, 0.42), (0.95, 0.78, 0.62), WHITE, (0.60, 0.20, 0.22), WHITE,
                 disc_at=(-0.45, 0.2), disc_radius=0.2, hill_height=-0.15, hill_wave=0.2),
        Painting(0, W - 0.5, 7.9, 1.1, sky, sand, sun, (0.80, 0.52, 0.25), WHITE, disc_at=(0.4, 0.28),
                 disc_radius=0.16, hill_height=-0.1, hill_wave=0.18, hill_turns=1.2),
        Painting(0, 15.1, 5.5, 1.0, (0.98, 0.52, 0.10), (0.85, 0.25, 0.08), sand, DARK, DARK, disc_at=(0, 0),
                 disc_radius=0.36),
        Painting(0, 15.5, 5.5, 1.0, (0.40, 0.18, 0.60), (0.75, 0.45, 0.80), WHITE, DARK, WHITE, disc_at=(0, 0),
                 disc_radius=0.42, rings=1.0),
        Painting(1, 0.5, 15.3, 1.0, (0.90, 0.93, 0.80), (0.95, 0.90, 0.55), rose, leaf, WHITE, disc_at=(0.3, 0.2),
                 disc_radius=0.15, hill_height=-0.1),
        Painting(1, H - 0.5, 15.3, 1.0, DARK, (0.20, 0.10, 0.15), (0.95, 0.25, 0.15), DARK, GOLD, disc_at=(0, 0.05),
                 disc_radius=0.4),
    )  # fmt: skip


def gallery() -> Place:
    """The one place that `gallery` learns."""
    columns = np.array([[7.7, 3.2, 0.3], [10.9, 3.2, 0.3], [7.7, 7.8, 0.3], [10.9, 7.8, 0.3]])
    return Place(
        size=(W, H),
        boxes=_walls(),
        pillars=columns,
        paintings=_paintings(),
        rooms=_rooms(),
        medallion=(9.3, 5.5, 1.35),
        skylights=((8.3, 4.2, 10.3, 6.8), (2.0, 2.3, 4.0, 4.3), (2.1, 7.7, 3.9, 9.1), (13.6, 4.2, 14.5, 6.8), (16.1, 4.2, 17.0, 6.8)),
        spawns=((9.3, 9.3, -1.5708), (4.6, 3.3, 3.1416), (3.0, 7.3, 1.5708), (14.0, 9.0, -1.05), (6.9, 5.5, 0.0), (16.6, 1.9, 1.2)),
    )
