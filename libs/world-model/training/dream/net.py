"""The network: four frames and an action in, the next frame out.

A U-Net moves what it sees (a learned flow displaces the last frame, which keeps what is sharp sharp) and paints what comes into
view. With `recall` it paints over a picture from memory: it works out where the frames stand, makes the move, and asks
what one sees there. That pulls a drifting frame back to the one place it knows. Without `warp` and `recall` it is the plain pixel
U-Net of the baseline.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gallery.transition import Transition

from .layers import Block, Conv, as_convolution
from .recall import Locator, Painter, as_pose, likeliest

CONTEXT = 4
LANES = 16  # a pose's few numbers are worked out so often over: the tail of a short vector ONNX Runtime rounds in another way
REACH_PX = 20.0  # the fastest turn moves the rim of the image by 13


class Recall(nn.Module):
    """Where a frame stands, and the picture that memory has of the place after the action."""

    def __init__(self, size: tuple[float, float]):
        super().__init__()
        self.locator, self.transition, self.painter = Locator(size), Transition(size), Painter(size)

    def forward(self, logits: Tensor, candidates: Tensor, action: Tensor) -> Tensor:
        pose = as_pose(likeliest(logits, candidates).repeat_interleave(LANES, 0))
        moved = self.transition(pose, action.repeat_interleave(LANES, 0))[::LANES]
        return self.painter(moved).float().clamp(0, 1)


class Dream(nn.Module):
    """context [B, 12, 72, 128] (four RGB frames, oldest first, 0..1), action [B, 4] -> frame [B, 3, 72, 128], 0..1."""

    def __init__(self, recall: Recall | None, warp: bool = True, widths: tuple[int, int, int] = (16, 48, 96)):
        super().__init__()
        fine, middle, deep = widths
        self.warp, self.recall = warp, recall
        self.act, self.act2 = nn.Linear(4, 32), nn.Linear(32, 32)
        self.stem = Conv(12 * 4 + 12 + 4, fine)
        self.down, self.middle = Conv(fine, middle, stride=2), Block(middle)
        self.deeper, self.deep = Conv(middle, deep, stride=2), Block(deep)
        self.rise, self.middle_up = Conv(deep, middle, 1), Block(middle)
        self.rise2, self.fine = Conv(middle, fine, 1), Block(fine)
        self.head = Conv(fine, 4 * 6)
        y, x = torch.meshgrid(torch.linspace(-1, 1, 36), torch.linspace(-1, 1, 64), indexing="ij")
        self.register_buffer("where", torch.stack([x, y, x * x, x * y])[None], persistent=False)  # of a turn's flow
        rows, cols = (torch.arange(72) + 0.5) / 36 - 1, (torch.arange(128) + 0.5) / 64 - 1
        y, x = torch.meshgrid(rows, cols, indexing="ij")
        self.register_buffer("grid", torch.stack([x, y], -1)[None], persistent=False)
        self.register_buffer("per_pixel", torch.tensor([2 / 128, 2 / 72]), persistent=False)

    def forward(self, context: Tensor, action: Tensor, recalled: Tensor) -> Tensor:
        act = as_convolution(self.act2, F.silu(as_convolution(self.act, action[:, :, None, None])))
        where = self.where + torch.zeros_like(context[:, :1, ::2, ::2])
        seen = F.pixel_unshuffle(torch.cat([context, recalled], 1), 2) - 0.5
        fine = F.relu(self.stem(torch.cat([seen, where], 1)))
        middle = self.middle(F.relu(self.down(fine)), act)
        deep = self.deep(F.relu(self.deeper(middle)), act)
        wide = F.interpolate(self.rise(deep), size=middle.shape[2:], mode="nearest")
        wide = self.middle_up(F.relu(wide + middle), act)
        wide = F.interpolate(self.rise2(wide), size=fine.shape[2:], mode="nearest")
        out = F.pixel_shuffle(self.head(self.fine(F.relu(wide + fine), act)), 2).float()
        painted = recalled + out[:, 0:3]
        if not self.warp:
            return painted
        flow = REACH_PX * torch.tanh(out[:, 3:5] / 4)
        at = self.grid + flow.permute(0, 2, 3, 1) * self.per_pixel
        moved = F.grid_sample(context[:, -3:].float(), at, mode="bicubic", padding_mode="border", align_corners=False)
        mask = torch.sigmoid(out[:, 5:6] + 2)
        return mask * moved + (1 - mask) * painted


def recalled(net: Dream, context: Tensor, action: Tensor) -> Tensor:
    """What memory says the next frame shows; grey where there is no memory."""
    if net.recall is None:
        return torch.full_like(context[:, :3], 0.5)
    return net.recall(*net.recall.locator(context[:, -3:]), action)


def next_frame(net: Dream, context: Tensor, action: Tensor, recalled: Tensor) -> Tensor:
    """A frame, 0..1; the last one again, to the bit, for a zero action: nothing moves here but the visitor."""
    moving = (action.abs().sum(1) > 0).to(context.dtype)[:, None, None, None]
    return moving * net(context, action, recalled).clamp(0, 1) + (1 - moving) * context[:, -3:]
