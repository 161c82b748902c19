"""One ONNX file: state and action in; next state and the frame it shows out. Everything the worker needs is inside.

Written node by node instead of traced, since a step has 4 ms of a core to share with image encoding and streaming:

E1. Same function as `Transition` and `View`, up to rounding, except that the per-pixel layers run in 8-bit integers.
    What decides where something is seen (transition, sight, line, corrections) stays in float.
E2. A session's result does not depend, to the bit, on who else is in the batch. What would make it: matrix products of
    a single row, norms over an axis, and sines of a count of numbers that is no multiple of 16 (vectors' ends).
E3. Integer sums are the same on every processor: see `integers` for the weights that see to it.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .export_columns import columns
from .export_pixels import paint
from .export_transition import moved
from .graph import Graph
from .transition import Transition
from .view import PAIRS, WIDTH, View, frame_slopes, frames


class Step(nn.Module):
    """state [B, 3], action [B, 4] -> next_state [B, 3], frame uint8 [B, 72, 128, 3] of the world after the action."""

    def __init__(self, transition: Transition, view: View):
        super().__init__()
        self.transition, self.view = transition, view
        self.register_buffer("slopes", frame_slopes())

    def forward(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        moved = self.transition(state, action)
        frame = frames(self.view, moved, self.slopes)
        return moved, (frame.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def export(transition: Transition, view: View, path: Path) -> None:
    """Write the step to `path`, whole or not at all."""
    g = Graph()
    with torch.no_grad():
        paint(g, view.cpu().eval(), columns(g, view, moved(g, transition.cpu().eval())))
    g.save(
        path,
        {"state": (np.float32, ["batch", 3]), "action": (np.float32, ["batch", 4])},
        {"next_state": (np.float32, ["batch", 3]), "frame": (np.uint8, ["batch", 2 * PAIRS, WIDTH, 3])},
    )
