"""Walks as frames: clips [N, T, 72, 128, 3] with the actions between them, of generated places or of the gallery."""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from world import walks
from world.generated import generated
from world.place import Place
from world.render import Renderer
from world.the_gallery import gallery

TRAIN_SEED = 2_000
PER_SHARD = 8  # clips


def render_shard(folder: Path, kind: str, index: int, frames: int) -> None:
    """One shard of clips, unless it is there: `broad` is a new place each, `narrow` the gallery."""
    path = folder / f"{kind}-{index:04d}.npz"
    if path.exists():
        return
    place: Place = gallery() if kind == "narrow" else generated(index)
    rng = np.random.default_rng([TRAIN_SEED, index, kind == "narrow"])
    start, pressed = walks.starts(place, PER_SHARD, rng), walks.actions(PER_SHARD, frames - 1, rng)
    poses = walks.walk(place, start, pressed)
    clips = Renderer(place).frames(poses.reshape(-1, 3)).reshape(PER_SHARD, frames, 72, 128, 3)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, clips=clips, actions=pressed)
    os.replace(part, path)


def render_all(folder: Path, kind: str, shards: int, frames: int, processes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool:
        for done in [pool.submit(render_shard, folder, kind, index, frames) for index in range(shards)]:
            done.result()


def load(folder: Path, kind: str, shards: int) -> tuple[np.ndarray, np.ndarray]:
    """clips uint8 [N, T, 72, 128, 3], actions float32 [N, T - 1, 4]; action t leads from frame t to t + 1."""
    parts = [np.load(folder / f"{kind}-{index:04d}.npz") for index in range(shards)]
    return np.concatenate([p["clips"] for p in parts]), np.concatenate([p["actions"] for p in parts])
