"""Pulling a drifting dream back: the reference of what the worker does between steps. Whole numbers only, so that both agree to the bit.

A1. It looks at the frame shown and nothing else: a state begins with the last four frames shown, before, during and after a pull.
A2. It acts after `patience` frames in a row too flat to be the place, and then not again for `cooldown` frames.
A3. A pull blends over `fade` frames into the anchor that looks most alike, then starts there: from that frame, standing still, believing to
    stand where it was seen from. What the model believes meanwhile is left alone.
A4. An idle visitor is left alone: no frame of a zero action counts or changes.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import state as states

LUMA = np.array([77, 150, 29])  # of 256
NEIGHBOURS = 72 * 127
BLOCK = 8  # pixels a side: a thumbnail is 16 x 9


@dataclass(frozen=True)
class Policy:
    """anchors: uint8 [N, 72, 128, 3], and the bytes of their poses [N, 9]. Sharpness in levels of luma between neighbours; the rest in frames."""

    anchors: np.ndarray
    poses: np.ndarray
    min_sharpness: float
    patience: int
    cooldown: int
    fade: int

    @staticmethod
    def load(folder: Path) -> "Policy":
        """From model.json and the file of anchors that it names."""
        manifest = json.loads((folder / "model.json").read_text())
        anchors, rules = manifest["anchors"], manifest["reanchor"]
        content = (folder / anchors["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != anchors["sha256"]:
            raise ValueError(f"{anchors['file']} is not the file of its manifest")
        records = np.frombuffer(content, np.uint8).reshape(anchors["count"], -1)
        frames, poses = np.split(records, [states.FRAME_BYTES], axis=1)
        return Policy(frames.reshape(-1, 72, 128, 3), poses, rules["minSharpness"], *(rules[f"{name}Frames"] for name in ("patience", "cooldown", "fade")))


@dataclass
class Reanchor:
    """One session's side of it: frames too flat so far, frames to wait, frame of the pull (0: none), and where to."""

    policy: Policy
    low: int = 0
    wait: int = 0
    fade: int = 0
    anchor: int = 0
    pulls: int = field(default=0, compare=False)

    def after(self, action: np.ndarray, state: np.ndarray, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the model answered, state [110601] and frame [72, 128, 3] -> the state to keep and the frame to show."""
        if not action.any():
            return state, frame
        if self.fade:
            return self._pull(state, frame)
        if self.wait:
            self.wait -= 1
            return state, frame
        self.low = self.low + 1 if contrast_sum(frame) < self.policy.min_sharpness * 256 * NEIGHBOURS else 0
        if self.low >= self.policy.patience:
            self.low, self.fade, self.anchor, self.pulls = 0, 1, nearest(self.policy.anchors, frame), self.pulls + 1
        return state, frame

    def _pull(self, state: np.ndarray, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole, anchor = self.policy.fade, self.policy.anchors[self.anchor]
        mixed = (frame.astype(np.int64) * (whole - self.fade) + anchor.astype(np.int64) * self.fade + whole // 2) // whole
        mixed = mixed.astype(np.uint8)
        if self.fade == whole:
            self.fade, self.wait = 0, self.policy.cooldown
            return states.standing(mixed, self.policy.poses[self.anchor]), mixed
        self.fade += 1
        kept = state.copy()
        kept[-states.FRAME_BYTES - states.POSE_BYTES : -states.POSE_BYTES] = mixed.reshape(-1)
        return kept, mixed


def contrast_sum(frame: np.ndarray) -> int:
    """Sum of the luma steps between horizontal neighbours, times 256."""
    return int(np.abs(np.diff(frame.astype(np.int64) @ LUMA, axis=1)).sum())


def nearest(anchors: np.ndarray, frame: np.ndarray) -> int:
    """The anchor whose thumbnail is nearest by squared difference; the first of equals."""
    return int(np.square(thumbnails(anchors) - thumbnails(frame[None])).sum(axis=(1, 2, 3)).argmin())


def thumbnails(frames: np.ndarray) -> np.ndarray:
    """Sums of blocks of 8 x 8 pixels: int64 [N, 9, 16, 3]."""
    return frames.astype(np.int64).reshape(-1, 72 // BLOCK, BLOCK, 128 // BLOCK, BLOCK, 3).sum(axis=(2, 4))
