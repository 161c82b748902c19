"""Fit `dream` in stages: broad places frame by frame, broad unrolled, then the gallery unrolled longer.

Unrolled means fed on its own frames, so that it learns to mend what it did. Context noise teaches the same for one step.
`RECIPES` are the full recipe and its ablations; each is a run of its own with the same number of frames seen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fitting.fitter import Fitter

from .net import CONTEXT, Dream, next_frame

EDGE_WEIGHT = 0.5
FRAMES_A_STEP = 16  # batch = this over the unroll, so a step costs the same in every stage
NOISE = 0.08


@dataclass(frozen=True)
class Stage:
    """kind of clips, frames unrolled, share of all steps."""

    kind: str
    unroll: int
    share: float


@dataclass(frozen=True)
class Recipe:
    stages: tuple[Stage, ...]
    noise: float = NOISE
    warp: bool = True


FULL = (Stage("broad", 1, 0.2), Stage("broad", 4, 0.2), Stage("narrow", 4, 0.3), Stage("narrow", 8, 0.3))
RECIPES = {
    "full": Recipe(FULL),
    "plain": Recipe((Stage("narrow", 1, 1.0),), noise=0.0, warp=False),
    "no-warp": Recipe(FULL, warp=False),
    "no-unroll": Recipe((Stage("broad", 1, 0.4), Stage("narrow", 1, 0.6))),
    "no-noise": Recipe(FULL, noise=0.0),
    "narrow-only": Recipe((Stage("narrow", 1, 0.2), Stage("narrow", 4, 0.5), Stage("narrow", 8, 0.3))),
}


def is_hidden(name: str) -> bool:
    return not name.startswith(("head.", "act.0."))


def fit(recipe: Recipe, clips: dict, path: Path, steps: int, seed: int, device: str, log=print) -> Dream:
    """clips: kind -> (frames uint8 [N, T, 72, 128, 3], actions [N, T - 1, 4]). Resumes from `path`."""
    torch.manual_seed(seed)
    net = Dream(recipe.warp).to(device).to(memory_format=torch.channels_last)
    fitter = Fitter(net, path, is_hidden, log)
    reached = fitter.resume()
    names = [f"{i} {stage.kind} x{stage.unroll}" for i, stage in enumerate(recipe.stages)]
    for index in range(names.index(reached) if reached else 0, len(names)):
        stage = recipe.stages[index]
        share = 1.0 if index == 0 else 0.3
        fitter.run(names[index], int(steps * stage.share), _losses(net, clips[stage.kind], stage, recipe.noise, seed, device), share)
    return fitter.average.cpu().eval()


def _losses(net: Dream, clips, stage: Stage, noise: float, seed: int, device: str):
    frames, pressed = clips

    def at(step: int):
        rng = np.random.default_rng([29, seed, stage.unroll, step])
        batch = FRAMES_A_STEP // stage.unroll
        which = rng.integers(0, len(frames), batch)
        first = rng.integers(0, frames.shape[1] - CONTEXT - stage.unroll + 1, batch)
        cut = np.stack([frames[w, f : f + CONTEXT + stage.unroll] for w, f in zip(which, first, strict=True)])
        acts = np.stack([pressed[w, f + CONTEXT - 1 : f + CONTEXT - 1 + stage.unroll] for w, f in zip(which, first, strict=True)])
        truth = torch.from_numpy(cut).to(device).permute(0, 1, 4, 2, 3).float() / 255
        action = torch.from_numpy(acts).to(device)
        context = truth[:, :CONTEXT].flatten(1, 2)
        if noise:
            level = noise * torch.tensor(rng.random(batch), dtype=torch.float32, device=device)[:, None, None, None]
            context = (context + level * torch.randn_like(context)).clamp(0, 1)
        loss, l1 = 0.0, 0.0
        for t in range(stage.unroll):
            with torch.autocast(device, torch.bfloat16):
                frame = next_frame(net, context, action[:, t])
            goal = truth[:, CONTEXT + t]
            l1 = (frame - goal).abs().mean()
            loss = loss + l1 + EDGE_WEIGHT * (_edges(frame, goal, -1) + _edges(frame, goal, -2))
            context = torch.cat([context[:, 3:], frame], 1)
        return loss / stage.unroll, {"l1_last": l1}

    return at


def _edges(a: torch.Tensor, b: torch.Tensor, axis: int) -> torch.Tensor:
    return (a.diff(dim=axis) - b.diff(dim=axis)).abs().mean()
