"""Places nobody designed: rooms, solids, pillars and pictures drawn from a seed, for training that should not know one map."""

import numpy as np

from .motion import RADIUS_M
from .place import Painting, Place, Room


def generated(seed: int) -> Place:
    """A place of its own for each seed; at least two spawns stand free."""
    rng = np.random.default_rng([23, seed])
    width, height = float(rng.uniform(8, 13)), float(rng.uniform(7, 11))
    boxes = [[-1, -1, width + 1, 0.5], [-1, height - 0.5, width + 1, height + 1]]
    boxes += [[-1, -1, 0.5, height + 1], [width - 0.5, -1, width + 1, height + 1]]
    for _ in range(rng.integers(2, 5)):
        long, x, y = rng.uniform(1.0, 3.0), rng.uniform(1.5, width - 1.5), rng.uniform(1.5, height - 1.5)
        half = (long / 2, 0.2) if rng.random() < 0.5 else (0.2, long / 2)
        boxes.append([x - half[0], y - half[1], x + half[0], y + half[1]])
    pillars = [[*rng.uniform((1.5, 1.5), (width - 1.5, height - 1.5)), rng.uniform(0.25, 0.4)] for _ in range(rng.integers(0, 5))]
    cut = width * rng.uniform(0.35, 0.65)
    place = Place(
        size=(width, height),
        boxes=np.array(boxes),
        pillars=np.array(pillars).reshape(-1, 3),
        paintings=tuple(_painting(rng, box) for box in boxes for _ in range(4)),
        rooms=(_room(rng, (0, 0, cut, height)), _room(rng, (cut, 0, width, height))),
        medallion=(*rng.uniform((2, 2), (width - 2, height - 2)), float(rng.uniform(0.6, 1.4))),
        skylights=((cut / 2 - 0.8, height / 2 - 1, cut / 2 + 0.8, height / 2 + 1),),
        spawns=(),
    )
    points = rng.uniform((0.9, 0.9), (width - 0.9, height - 0.9), (400, 2))
    free = points[place.distance(*points.T)[0] > RADIUS_M + 0.2][:4]
    return Place(**{**place.__dict__, "spawns": tuple((*p, float(rng.uniform(-np.pi, np.pi))) for p in free)})


def _colour(rng: np.random.Generator, low: float = 0.1, high: float = 0.95) -> tuple[float, float, float]:
    return tuple(rng.uniform(low, high, 3))


def _room(rng: np.random.Generator, rect: tuple[float, float, float, float]) -> Room:
    wall = np.array(_colour(rng, 0.2, 0.9))
    return Room(rect, tuple(wall), tuple(wall * 0.6), _colour(rng, 0.3, 0.8), _colour(rng, 0.2, 0.6))


def _painting(rng: np.random.Generator, box: list[float]) -> Painting:
    """On a random face of a box; of a border box only the inner face is ever seen."""
    axis = int(rng.integers(2))
    plane, span = box[axis + 2 * int(rng.integers(2))], (box[1 - axis], box[3 - axis])
    middle = rng.uniform(*span)
    return Painting(
        axis, plane, middle, float(rng.uniform(0.35, 1.1)), _colour(rng), _colour(rng), _colour(rng), _colour(rng), _colour(rng),
        half_height=float(rng.uniform(0.4, 0.75)), disc_at=(float(rng.uniform(-0.3, 0.3)), float(rng.uniform(-0.2, 0.3))),
        disc_radius=float(rng.uniform(0.1, 0.4)), rings=float(rng.choice([0, 0, 1.5])),
        hill_height=float(rng.choice([-2.0, -0.2, 0.0])), hill_turns=float(rng.uniform(0.8, 2.5)),
    )  # fmt: skip
