"""Walks that the model itself has advanced: closed-loop contexts for the price of one step each.

Each slot holds the last four frames as the model made them, its belief, and where in a true walk they should be. A training step takes some
slots, makes their next frame, learns from it, and puts it back. A slot lives for a number of frames drawn
log-uniformly, so that most practice is near the truth and some is far from it; then it starts anew from true frames.
The first few start anew in every step, or the first frame of a walk would be practised too rarely.
It starts without a belief, unless from frames made worse: those stand for later ones, at which it has one; it is given the true one.
The pool is not in the checkpoint: after a kill all slots start anew.
"""

import math

import numpy as np
import torch
from torch import Tensor

from . import belief as beliefs
from .corrupt import corrupt
from .data import Clips
from .net import CONTEXT

SLOTS, FRESH = 192, 6  # of which so many are always at their first frame


class Pool:
    def __init__(self, clips: Clips, life: int, corruption: float, device: str):
        """life: most frames of a slot on its own; corruption: share of slots that start from frames made worse."""
        self.clips, self.life, self.corruption, self.device = clips, min(life, clips.frames.shape[1] - CONTEXT), corruption, device
        self.walk, self.at, self.until = (np.zeros(SLOTS, np.int64) for _ in range(3))
        self.context = torch.zeros(SLOTS, 12, 72, 128, dtype=torch.uint8)
        self.belief = torch.zeros(SLOTS, beliefs.BYTES, dtype=torch.uint8)

    def take(self, rng: np.random.Generator, batch: int) -> tuple[np.ndarray, Tensor, Tensor, Tensor, Tensor]:
        """slots, context [B, 12, 72, 128], belief uint8 [B, 9], action [B, 4], the true next frame [B, 3, 72, 128]."""
        slots = np.concatenate([np.arange(FRESH), FRESH + rng.choice(SLOTS - FRESH, batch - FRESH, replace=False)])
        self._renew(slots[(slots < FRESH) | (self.at[slots] >= self.until[slots])], rng)
        walk, at = self.walk[slots], self.at[slots]
        goal = torch.from_numpy(self.clips.frames[walk, at + 1]).to(self.device).permute(0, 3, 1, 2).float() / 255
        action = torch.from_numpy(self.clips.actions[walk, at]).to(self.device)
        context, belief = (part[slots].to(self.device) for part in (self.context, self.belief))
        return slots, context.float() / 255, belief, action, goal

    def put(self, slots: np.ndarray, frame: Tensor, belief: Tensor) -> None:
        """Advance slots by the frames made for them, and what is believed then."""
        made = (frame.detach().clamp(0, 1) * 255 + 0.5).to(torch.uint8).cpu()
        self.context[slots] = torch.cat([self.context[slots][:, 3:], made], 1)
        self.belief[slots] = belief.cpu()
        self.at[slots] += 1

    def _renew(self, slots: np.ndarray, rng: np.random.Generator) -> None:
        if not len(slots):
            return
        lives = np.exp(rng.uniform(0, math.log(self.life + 0.999), len(slots))).astype(np.int64)
        walk = rng.integers(0, len(self.clips.frames), len(slots))
        first = rng.integers(0, self.clips.frames.shape[1] - CONTEXT - lives + 1)
        cut = np.stack([self.clips.frames[w, f : f + CONTEXT] for w, f in zip(walk, first, strict=True)])
        context = torch.from_numpy(cut).permute(0, 1, 4, 2, 3).flatten(1, 2)
        worse = torch.from_numpy(rng.random(len(slots)) < self.corruption)
        if worse.any():
            context[worse] = (corrupt(context[worse].float() / 255) * 255 + 0.5).to(torch.uint8)
        true = beliefs.encode(torch.from_numpy(self.clips.poses[walk, first + CONTEXT - 1]))
        self.context[slots], self.belief[slots], self.walk[slots] = context, true * worse[:, None], walk
        self.at[slots], self.until[slots] = first + CONTEXT - 1, first + CONTEXT - 1 + lives
