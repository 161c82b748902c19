"""One ONNX file: state and action in; next state and the frame it shows out. Everything the worker needs is inside."""

import os
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .transition import Transition
from .view import View, frame_slopes, frames

OPSET = 18


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
    part = path.with_suffix(".part")
    model = Step(transition, view).cpu().eval()
    torch.onnx.export(
        model,
        (torch.zeros(1, 3), torch.zeros(1, 4)),
        str(part),
        input_names=["state", "action"],
        output_names=["next_state", "frame"],
        dynamic_axes={name: {0: "batch"} for name in ("state", "action", "next_state", "frame")},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(part))
    os.replace(part, path)
