"""Making true context worse, in the ways in which a model's own frames are: so that it learns to mend them."""

import torch
from torch import Tensor
from torch.nn import functional as F

NOISE, CONTRAST, TINT = 0.08, 0.25, 0.06


def corrupt(context: Tensor) -> Tensor:
    """frames [B, 3 N, 72, 128], 0..1, oldest first -> the same, each clip in its own way: noise, blur, colour, lost frames."""
    batch, device = len(context), context.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(batch, *shape, device=device)

    frames = context.reshape(batch, -1, 3, 72, 128)
    count = frames.shape[1]
    strength = draw(1, 1, 1, 1)  # some clips stay almost clean
    blurred = F.avg_pool2d(F.pad(context, (1, 1, 1, 1), mode="replicate"), 3, 1).reshape(frames.shape)
    coarse = F.interpolate(F.avg_pool2d(context, 4), scale_factor=4, mode="bilinear").reshape(frames.shape)
    blurred = torch.where(draw(1, 1, 1, 1) < 0.5, blurred, coarse)
    frames = torch.lerp(frames, blurred, (draw(1, 1, 1, 1) < 0.4) * draw(1, 1, 1, 1))
    contrast = 1 + CONTRAST * strength * (2 * draw(1, 1, 1, 1) - 1)
    tint = TINT * strength * torch.randn(batch, 1, 3, 1, 1, device=device)
    frames = 0.5 + (frames - 0.5) * contrast + tint + NOISE * strength * draw(count, 1, 1, 1) * torch.randn_like(frames)
    lost = (draw(1, 1, 1, 1) < 0.15) * (torch.arange(count, device=device).reshape(1, -1, 1, 1, 1) < 1 + 3 * draw(1, 1, 1, 1))
    frames = torch.where(lost.bool(), frames[:, -1:], frames)
    return frames.clamp(0, 1).reshape(context.shape)
