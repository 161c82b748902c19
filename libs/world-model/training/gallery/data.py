"""Training data: single image columns seen from random poses, in shards that are written once and kept.

A frame of 128 columns shares one pose; 128 columns of 128 poses teach more for the same cost.
Half of the poses are where simulated visitors went (they lean on walls half of the time), half are anywhere.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from world import walks
from world.camera import TAN_HALF_FOV
from world.render import Renderer
from world.the_gallery import gallery

SHARD_COLUMNS = 131_072
WALKS, WALK_FRAMES = 64, 512
TRAIN_SEED = 1_000  # evaluation uses seeds from 9_000_000


@dataclass(frozen=True)
class Columns:
    """pose [N, 3], slope [N], distance [N] in metres, colour uint8 [N, 72, 3]."""

    pose: np.ndarray
    slope: np.ndarray
    distance: np.ndarray
    colour: np.ndarray


def shard_path(folder: Path, index: int) -> Path:
    return folder / f"columns-{index:04d}.npz"


def render_shard(folder: Path, index: int, seed: int) -> None:
    """Render one shard, unless it is there. Atomic: a killed run leaves no half shard behind."""
    path = shard_path(folder, index)
    if path.exists():
        return
    place = gallery()
    rng = np.random.default_rng([TRAIN_SEED, seed, index])
    visited = walks.walk(place, walks.starts(place, WALKS, rng), walks.actions(WALKS, WALK_FRAMES, rng))
    half = SHARD_COLUMNS // 2
    pose = np.concatenate([rng.permutation(visited.reshape(-1, 3)).repeat(2, 0)[:half], walks.starts(place, half, rng)])
    slope = rng.uniform(-TAN_HALF_FOV, TAN_HALF_FOV, SHARD_COLUMNS)
    colour, distance = Renderer(place).columns(pose[:, 0], pose[:, 1], pose[:, 2], slope)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, pose=pose.astype(np.float32), slope=slope.astype(np.float32), distance=distance, colour=colour)
    os.replace(part, path)


def render_all(folder: Path, shards: int, seed: int, processes: int) -> None:
    """Render every missing shard, a process a core."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool:
        for done in [pool.submit(render_shard, folder, index, seed) for index in range(shards)]:
            done.result()


def load(folder: Path, shards: int) -> Columns:
    """All shards in memory (28 MB each)."""
    parts = [np.load(shard_path(folder, index)) for index in range(shards)]
    return Columns(*(np.concatenate([part[name] for part in parts]) for name in ("pose", "slope", "distance", "colour")))
