"""What `dream` learns from: walks as frames with the actions between them, and single views of the gallery with their poses."""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from world import walks
from world.generated import generated
from world.render import Renderer
from world.the_gallery import gallery

TRAIN_SEED = 2_000  # evaluation uses seeds from 9_000_000
PER_SHARD = 8  # clips


@dataclass(frozen=True)
class Kind:
    """`number` tells the seeds apart. A shard of views is `PER_SHARD` times `frames` of them, as one clip of one frame each."""

    number: int
    shards: int
    frames: int


KINDS = {"broad": Kind(0, 100, 16), "narrow": Kind(1, 32, 128), "views": Kind(2, 32, 128)}


@dataclass(frozen=True)
class Clips:
    """frames uint8 [N, T, 72, 128, 3], poses [N, T, 3], actions [N, T - 1, 4]: action t leads from frame t to t + 1."""

    frames: np.ndarray
    poses: np.ndarray
    actions: np.ndarray


def render_shard(folder: Path, name: str, index: int) -> None:
    """One shard, unless it is there: a new place each for `broad`, the gallery otherwise; half of the views from where walks went."""
    path, kind = folder / f"{name}-{index:04d}.npz", KINDS[name]
    if path.exists():
        return
    place = generated(index) if name == "broad" else gallery()
    rng = np.random.default_rng([TRAIN_SEED, index, kind.number])
    start, pressed = walks.starts(place, PER_SHARD, rng), walks.actions(PER_SHARD, kind.frames - 1, rng)
    poses = walks.walk(place, start, pressed)
    if name == "views":
        anywhere = walks.starts(place, PER_SHARD * kind.frames // 2, rng)
        poses = np.concatenate([anywhere, poses.reshape(-1, 3)[::2]])[:, None]
        pressed = np.zeros((len(poses), 0, 4), np.float32)
    seen = Renderer(place).frames(poses.reshape(-1, 3)).reshape(*poses.shape[:2], 72, 128, 3)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, frames=seen, poses=poses.astype(np.float32), actions=pressed)
    os.replace(part, path)


def render_all(folder: Path, processes: int) -> None:
    """Every missing shard, a process a core."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(render_shard, folder, name, i) for name, kind in KINDS.items() for i in range(kind.shards)]
        for done in jobs:
            done.result()


def load(folder: Path, name: str) -> Clips:
    parts = [np.load(folder / f"{name}-{index:04d}.npz") for index in range(KINDS[name].shards)]
    return Clips(*(np.concatenate([part[key] for part in parts]) for key in ("frames", "poses", "actions")))


def all_views(*clips: Clips) -> tuple[np.ndarray, np.ndarray]:
    """Every frame with its pose, whatever walk it was on: uint8 [N, 72, 128, 3] and float32 [N, 3]."""
    return np.concatenate([c.frames.reshape(-1, 72, 128, 3) for c in clips]), np.concatenate([c.poses.reshape(-1, 3) for c in clips])
