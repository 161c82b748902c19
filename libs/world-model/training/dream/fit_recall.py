"""Fit the two halves of recall, each alone: pictures from true poses, and poses from frames, some made worse on purpose."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fitting.fitter import Fitter

from .corrupt import corrupt
from .recall import Locator, Painter

PAINTER_BATCH, LOCATOR_BATCH = 32, 64
TRUE, WORSE = 44, slice(36, 52)  # of the latter: so many true frames before the painted ones, and those of either made worse
LOCATOR_RATE = 0.4  # share of the fitter's peak rates: at those its error stays half as large again
EDGE_WEIGHT = 0.5
ASIDE = (0.1, 0.1, 0.5)  # metres, metres, radians that a painted pose lies beside a rendered one
NEAR_M = 0.8  # a cell answers for points this near its centre along x and y, so that neighbours agree at their border


def painting_loss(shown: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """L1 with that of edges, and L1 alone: being blurred costs as much as being wrong."""
    l1 = (shown - goal).abs().mean()
    return l1 + EDGE_WEIGHT * sum((shown.diff(dim=a) - goal.diff(dim=a)).abs().mean() for a in (-1, -2)), l1


def pose_loss(locator: Locator, logits: Tensor, candidates: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the square metre; L1 of metres and direction from every cell near enough. And the latter alone."""
    apart = (locator.centres - pose[:, None, :2]).abs().amax(-1)
    goal = torch.stack([pose[:, 0], pose[:, 1], torch.cos(pose[:, 2]), torch.sin(pose[:, 2])], 1)[:, None]
    near = (apart < NEAR_M).float()
    off = ((candidates - goal).abs().sum(-1) * near).sum() / near.sum()
    return F.cross_entropy(logits, apart.argmin(1)) + 5 * off, off


def fit_painter(views: tuple[np.ndarray, np.ndarray], size, path: Path, steps: int, seed: int, device: str, log=print) -> Painter:
    torch.manual_seed(seed)
    painter = Painter(size).to(device)
    fitter = Fitter(painter, path, lambda name: not name.startswith(("first.", "colour.")), log)
    fitter.resume()
    frames, poses = views

    def losses(step: int):
        pick = np.random.default_rng([31, seed, step]).integers(0, len(frames), PAINTER_BATCH)
        goal = torch.from_numpy(frames[pick]).to(device).permute(0, 3, 1, 2).float() / 255
        with torch.autocast(device, torch.bfloat16):
            shown = painter(torch.from_numpy(poses[pick]).to(device))
        loss, l1 = painting_loss(shown.float(), goal)
        return loss, {"l1": l1, "db": -10 * torch.log10((shown.float() - goal).square().mean((1, 2, 3))).mean()}

    fitter.run("painter", steps, losses)
    return fitter.average.cpu().eval()


def fit_locator(
    views: tuple[np.ndarray, np.ndarray], painter: Painter, size, path: Path, steps: int, seed: int, device: str, log=print
) -> Locator:
    """From true frames, and from what the painter makes of poses nobody rendered: endless, and what it will see of itself."""
    torch.manual_seed(seed)
    locator = Locator(size).to(device).to(memory_format=torch.channels_last)
    fitter = Fitter(locator, path, lambda name: not name.startswith("cells."), log)
    fitter.resume()
    painter, (frames, poses) = painter.to(device), views

    def losses(step: int):
        pick = np.random.default_rng([37, seed, step]).integers(0, len(frames), LOCATOR_BATCH)
        true = torch.from_numpy(frames[pick[:TRUE]]).to(device).permute(0, 3, 1, 2).float() / 255
        pose = torch.from_numpy(poses[pick]).to(device)
        pose[TRUE:] += torch.tensor(ASIDE, device=device) * torch.randn(LOCATOR_BATCH - TRUE, 3, device=device)
        with torch.autocast(device, torch.bfloat16):
            with torch.no_grad():
                seen = torch.cat([true, painter(pose[TRUE:]).float().clamp(0, 1)])
            seen[WORSE] = corrupt(seen[WORSE])
            logits, candidates = locator(seen.contiguous(memory_format=torch.channels_last))
        loss, off = pose_loss(locator, logits, candidates, pose)
        return loss, {"loss": loss, "off": off}

    fitter.run("locator", steps, losses, LOCATOR_RATE)
    return fitter.average.cpu().eval()
