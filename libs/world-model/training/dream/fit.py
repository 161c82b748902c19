"""Fit the U-Net in stages: in many generated places, then in the one it is to know, over what recall shows of it.

`RECIPES` are the full recipe and its ablations; each is a run of its own with the same number of frames seen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from fitting.fitter import Fitter

from .data import Clips
from .fit_recall import painting_loss
from .net import Dream, Recall, next_frame, recalled
from .pool import Pool

BATCH = 16
RATE, FLAT_WEIGHT = 0.4, 2.0


@dataclass(frozen=True)
class Recipe:
    """broad: share of steps in generated places. life: frames on its own output. corruption: share of starts made worse.

    pose: whether where it believes to stand is kept in the state; else it looks anew at every frame. unet: else what recall shows is
    the frame, and nothing is left to fit.
    """

    broad: float = 0.105
    life: int = 120
    corruption: float = 0.4
    warp: bool = True
    recall: bool = True
    pose: bool = True
    unet: bool = True
    widths: tuple[int, int, int] = (16, 48, 96)


RECIPES = {
    "full": Recipe(),
    "plain": Recipe(broad=0, life=1, corruption=0, warp=False, recall=False, widths=(32, 64, 128)),
    "no-recall": Recipe(recall=False),
    "memory-alone": Recipe(unet=False),
    "no-pose": Recipe(pose=False),
    "no-warp": Recipe(warp=False),
    "no-unroll": Recipe(life=1),
    "no-noise": Recipe(corruption=0),
    "narrow-only": Recipe(broad=0),
}


def is_hidden(name: str) -> bool:
    return not name.startswith(("head.", "act."))


def fit(recipe: Recipe, clips: dict[str, Clips], recall: Recall, path: Path, steps: int, seed: int, device: str, log=print) -> Dream:
    """Resumes from `path`. `recall` comes fitted, and stays as it is."""
    torch.manual_seed(seed)
    net = Dream(recall.requires_grad_(False) if recipe.recall else None, recipe.warp, recipe.widths, recipe.unet).to(device)
    if not recipe.unet:
        return net.cpu().eval()
    fitter = Fitter(net.to(memory_format=torch.channels_last), path, is_hidden, log)
    shares = {"broad": recipe.broad, "narrow": 1 - recipe.broad}
    names = [name for name, share in shares.items() if share]
    reached = fitter.resume()
    for name in names[names.index(reached) if reached else 0 :]:
        pool = Pool(clips[name], recipe.life, recipe.corruption, device)
        fitter.run(name, round(steps * shares[name]), _losses(net, pool, name == "narrow", seed, device), RATE)
    return fitter.average.cpu().eval()


def _losses(net: Dream, pool: Pool, knows_place: bool, seed: int, device: str):
    def at(step: int):
        slots, context, belief, action, goal = pool.take(np.random.default_rng([29, seed, knows_place, step]), BATCH)
        picture, parts = torch.full_like(goal, 0.5), {}
        with torch.autocast(device, torch.bfloat16):
            if knows_place:
                picture, belief = recalled(net, context, belief, action)
                parts["recalled"] = (picture - goal).abs().mean()
            frame = next_frame(net, context, action, picture)
        painted, parts["l1"] = painting_loss(frame, goal)
        parts["sharp"] = frame.detach().diff(dim=-1).abs().mean() / goal.diff(dim=-1).abs().mean()
        pool.put(slots, frame, belief)
        return painted + FLAT_WEIGHT * _flatness(frame, goal), parts

    return at


def _flatness(frame: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    """By how much blocks of 8 x 8 pixels have more or less contrast than they should, wherever in them it lies.

    L1 alone pays for grey where the model is in doubt; this does not.
    """
    contrast = (F.avg_pool2d(image.diff(dim=-1).abs(), 8) for image in (frame, goal))
    return torch.sub(*contrast).abs().mean()
