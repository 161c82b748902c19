"""What the tests of `dream` share: walks of noise, true views, and a step of an exported file."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from dream import data
from world import walks
from world.render import Renderer
from world.the_gallery import gallery

SIZE = gallery().size


def random_clips(walks: int = 3, frames: int = 12) -> data.Clips:
    rng = np.random.default_rng(4)
    seen = rng.integers(0, 256, (walks, frames, 72, 128, 3)).astype(np.uint8)
    poses, pressed = rng.uniform(1, 9, (walks, frames, 3)), rng.uniform(-1, 1, (walks, frames - 1, 4))
    return data.Clips(seen, poses.astype(np.float32), pressed.astype(np.float32))


def true_views(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames [N, 3, 72, 128], 0..1, of the gallery, and their poses [N, 3]."""
    poses = walks.starts(gallery(), count, np.random.default_rng(6))
    frames = torch.from_numpy(Renderer(gallery()).frames(poses)).permute(0, 3, 1, 2).float() / 255
    return frames, torch.from_numpy(poses).float()


def run(path: Path, state: np.ndarray, action: np.ndarray):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["next_state", "frame"], {"state": state, "action": action})
