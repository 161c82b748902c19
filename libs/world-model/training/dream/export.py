"""One ONNX file for `dream`: the last four frames and the believed pose, as bytes, are the whole state."""

import os
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from gallery.transition import clean

from . import belief
from .net import CONTEXT, Dream, next_frame, recalled

SHAPE = (CONTEXT, 72, 128, 3)
FRAMES_BYTES = CONTEXT * 72 * 128 * 3
STATE_BYTES = FRAMES_BYTES + belief.BYTES


class Step(nn.Module):
    """state uint8 [B, 110601] (four frames, oldest first, and the belief), action [B, 4] -> next state, frame uint8 [B, 72, 128, 3]."""

    def __init__(self, net: Dream):
        super().__init__()
        self.net = net.to(memory_format=torch.contiguous_format)

    def forward(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        frames = state[:, :FRAMES_BYTES].reshape(-1, *SHAPE)
        context = frames.permute(0, 1, 4, 2, 3).reshape(-1, 3 * CONTEXT, 72, 128).to(torch.float32) / 255
        pressed = clean(action)
        picture, believed = recalled(self.net, context, state[:, FRAMES_BYTES:], pressed)
        frame = (next_frame(self.net, context, pressed, picture) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)
        seen = torch.cat([frames[:, 1:], frame[:, None]], 1).reshape(-1, FRAMES_BYTES)
        return torch.cat([seen, believed], 1), frame


def export(net: Dream, path: Path) -> None:
    """Write the step to `path`, whole or not at all."""
    part = path.with_suffix(".part")
    names = ("state", "action", "next_state", "frame")
    torch.onnx.export(
        Step(net).cpu().eval(),
        (torch.zeros(1, STATE_BYTES, dtype=torch.uint8), torch.zeros(1, 4)),
        str(part),
        input_names=list(names[:2]),
        output_names=list(names[2:]),
        dynamic_axes={name: {0: "batch"} for name in names},
        opset_version=20,  # GridSample with "cubic" by that name
        dynamo=False,
    )
    onnx.checker.check_model(str(part))
    os.replace(part, path)
