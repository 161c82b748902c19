"""Fit the U-Net, and the locator with it, in stages: in many generated places, then in the one it is to know.

`RECIPES` are the full recipe and its ablations; each is a run of its own with the same number of frames seen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from fitting.fitter import Fitter

from .data import Clips
from .fit_recall import painting_loss, pose_loss
from .net import Dream, Recall, next_frame
from .pool import Pool

BATCH = 16
POSE_WEIGHT, FLAT_WEIGHT = 0.1, 1.0


@dataclass(frozen=True)
class Recipe:
    """broad: share of steps in generated places. life: frames on its own output. corruption: share of starts made worse."""

    broad: float = 0.3
    life: int = 120
    corruption: float = 0.6
    warp: bool = True
    recall: bool = True
    widths: tuple[int, int, int] = (16, 48, 96)


RECIPES = {
    "full": Recipe(),
    "plain": Recipe(broad=0, life=1, corruption=0, warp=False, recall=False, widths=(32, 64, 128)),
    "no-recall": Recipe(recall=False),
    "no-warp": Recipe(warp=False),
    "no-unroll": Recipe(life=1),
    "no-noise": Recipe(corruption=0),
    "narrow-only": Recipe(broad=0),
}


def is_hidden(name: str) -> bool:
    return not name.startswith(("head.", "act.", "recall.locator.cells."))


def fit(recipe: Recipe, clips: dict[str, Clips], recall: Recall, path: Path, steps: int, seed: int, device: str, log=print) -> Dream:
    """Resumes from `path`. `recall` comes with its painter and transition fitted, which stay as they are."""
    torch.manual_seed(seed)
    net = Dream(recall if recipe.recall else None, recipe.warp, recipe.widths).to(device).to(memory_format=torch.channels_last)
    fitter = Fitter(net, path, is_hidden, log)
    shares = {"broad": recipe.broad, "narrow": 1 - recipe.broad}
    names = [name for name, share in shares.items() if share]
    reached = fitter.resume()
    for name in names[names.index(reached) if reached else 0 :]:
        for key, parameter in net.named_parameters():
            parameter.requires_grad_(not key.startswith("recall.") or (name == "narrow" and key.startswith("recall.locator.")))
        pool = Pool(clips[name], recipe.life, recipe.corruption, device)
        fitter.run(name, int(steps * shares[name]), _losses(net, pool, name == "narrow", seed, device), 1.0 if name == names[0] else 0.5)
    return fitter.average.cpu().eval()


def _losses(net: Dream, pool: Pool, knows_place: bool, seed: int, device: str):
    def at(step: int):
        slots, context, action, goal, pose = pool.take(np.random.default_rng([29, seed, knows_place, step]), BATCH)
        memory, lost, parts = torch.full_like(goal, 0.5), 0.0, {}
        with torch.autocast(device, torch.bfloat16):
            if knows_place and net.recall:
                logits, candidates = net.recall.locator(context[:, -3:])
                with torch.no_grad():
                    memory = net.recall(logits, candidates, action)
                    parts["recalled"] = (memory - goal).abs().mean()
                lost, parts["off"] = pose_loss(net.recall.locator, logits, candidates, pose)
            frame = next_frame(net, context, action, memory)
        painted, parts["l1"] = painting_loss(frame, goal)
        parts["sharp"] = frame.detach().diff(dim=-1).abs().mean() / goal.diff(dim=-1).abs().mean()
        pool.put(slots, frame)
        return painted + FLAT_WEIGHT * _flatness(frame, goal) + POSE_WEIGHT * lost, parts

    return at


def _flatness(frame: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    """By how much blocks of 8 x 8 pixels have more or less contrast than they should, wherever in them it lies.

    L1 alone pays for grey where the model is in doubt; this does not.
    """
    contrast = (F.avg_pool2d(image.diff(dim=-1).abs(), 8) for image in (frame, goal))
    return torch.sub(*contrast).abs().mean()
