"""True frames of the place to begin in and to be pulled back to, and when a frame counts as collapsed."""

import numpy as np

from evaluate.reanchor import NEIGHBOURS, contrast_sum
from world import walks
from world.render import Renderer

from .data import Clips

COUNT, CANDIDATES, TURN_M = 48, 4_000, 2.0  # a turn by one radian counts as that many metres apart
DULLEST_PERCENT = 5.0


def choose(renderer: Renderer, seed: int) -> np.ndarray:
    """Poses [COUNT, 3]: the spawns, then whichever free pose is farthest from all chosen, blank walls left out."""
    place, rng = renderer.place, np.random.default_rng([41, seed])
    poses = walks.starts(place, CANDIDATES, rng)
    poses = poses[place.distance(poses[:, 0], poses[:, 1])[0] > 0.6]
    ahead = poses[:, :2] + np.stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])], 1)
    poses = poses[place.distance(ahead[:, 0], ahead[:, 1])[0] > 0.6]
    chosen, apart = list(np.array(place.spawns)), np.full(len(poses), np.inf)
    for pose in chosen:
        apart = np.minimum(apart, _apart(poses, pose))
    while len(chosen) < COUNT:
        chosen.append(poses[apart.argmax()])
        apart = np.minimum(apart, _apart(poses, chosen[-1]))
    return np.array(chosen)


def _apart(poses: np.ndarray, pose: np.ndarray) -> np.ndarray:
    turned = 2 * np.abs(np.sin((poses[:, 2] - pose[2]) / 2))
    return np.hypot(poses[:, 0] - pose[0], poses[:, 1] - pose[1]) + TURN_M * turned


def min_sharpness(walked: Clips) -> float:
    """In levels of luma between neighbours; a twentieth of true frames are flatter still: walls at arm's length."""
    sums = [contrast_sum(frame) for frame in walked.frames.reshape(-1, 72, 128, 3)[::16]]
    return round(float(np.percentile(sums, DULLEST_PERCENT)) / 256 / NEIGHBOURS, 3)
