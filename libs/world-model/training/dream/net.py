"""The network: four frames and an action in, the next frame out. A small U-Net that moves what it sees and invents the rest.

Each output pixel is mask * (last frame, displaced by a learned flow) + (1 - mask) * (a painted colour). Displacing keeps
what is sharp sharp; painting is for what comes into view. Without `warp` it is the plain pixel U-Net of the ablation.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CONTEXT = 4
REACH_PX = 20.0  # the fastest turn moves the rim of the image by 13


class Conv(nn.Module):
    """A square convolution whose weight is stored as a matrix, which is what Muon takes."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.shape, self.stride, self.pad = (outputs, inputs, size, size), stride, size // 2
        self.weight = nn.Parameter(torch.randn(outputs, inputs * size * size) * (inputs * size * size) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.reshape(self.shape), self.bias, self.stride, self.pad)


class Block(nn.Module):
    """Residual pair of convolutions, the first one shifted and scaled by the action."""

    def __init__(self, width: int, action: int = 32):
        super().__init__()
        self.first, self.second = Conv(width, width), Conv(width, width)
        self.film = nn.Linear(action, 2 * width)

    def forward(self, x: Tensor, action: Tensor) -> Tensor:
        gain, shift = self.film(action)[:, :, None, None].chunk(2, 1)
        h = F.relu(self.first(x) * (1 + gain) + shift)
        return F.relu(x + self.second(h))


class Dream(nn.Module):
    """context [B, 12, 72, 128] (four RGB frames, oldest first, 0..1), action [B, 4] -> frame [B, 3, 72, 128], 0..1."""

    def __init__(self, warp: bool = True, fine: int = 24, middle: int = 64, deep: int = 128):
        super().__init__()
        self.warp = warp
        self.act = nn.Sequential(nn.Linear(4, 32), nn.SiLU(), nn.Linear(32, 32))
        self.stem = Conv(12 * 4 + 2, fine)
        self.down, self.middle = Conv(fine, middle, stride=2), Block(middle)
        self.deeper, self.deep, self.deep2 = Conv(middle, deep, stride=2), Block(deep), Block(deep)
        self.rise, self.middle_up = Conv(deep, middle, 1), Block(middle)
        self.rise2, self.fine = Conv(middle, fine, 1), Block(fine)
        self.head = Conv(fine, 4 * 6)
        y, x = torch.meshgrid(torch.linspace(-1, 1, 36), torch.linspace(-1, 1, 64), indexing="ij")
        self.register_buffer("where", torch.stack([x, y])[None], persistent=False)
        rows, cols = (torch.arange(72) + 0.5) / 36 - 1, (torch.arange(128) + 0.5) / 64 - 1
        y, x = torch.meshgrid(rows, cols, indexing="ij")
        self.register_buffer("grid", torch.stack([x, y], -1)[None], persistent=False)
        self.register_buffer("per_pixel", torch.tensor([2 / 128, 2 / 72]), persistent=False)

    def forward(self, context: Tensor, action: Tensor) -> Tensor:
        act = self.act(action)
        where = self.where + torch.zeros_like(context[:, :1, ::2, ::2])
        fine = F.relu(self.stem(torch.cat([F.pixel_unshuffle(context, 2) - 0.5, where], 1)))
        middle = self.middle(F.relu(self.down(fine)), act)
        deep = self.deep2(self.deep(F.relu(self.deeper(middle)), act), act)
        wide = F.interpolate(self.rise(deep), size=middle.shape[2:], mode="nearest")
        wide = self.middle_up(F.relu(wide + middle), act)
        wide = F.interpolate(self.rise2(wide), size=fine.shape[2:], mode="nearest")
        out = F.pixel_shuffle(self.head(self.fine(F.relu(wide + fine), act)), 2).float()
        painted = out[:, 0:3] + 0.5
        if not self.warp:
            return painted
        flow = REACH_PX * torch.tanh(out[:, 3:5] / 4)
        at = self.grid + flow.permute(0, 2, 3, 1) * self.per_pixel
        moved = F.grid_sample(context[:, -3:].float(), at, mode="bicubic", padding_mode="border", align_corners=False)
        mask = torch.sigmoid(out[:, 5:6] + 2)
        return mask * moved + (1 - mask) * painted


def next_frame(net: Dream, context: Tensor, action: Tensor) -> Tensor:
    """A frame, 0..1; the last one again, to the bit, for a zero action: nothing moves here but the visitor."""
    moving = (action.abs().sum(1) > 0).to(context.dtype)[:, None, None, None]
    return moving * net(context, action).clamp(0, 1) + (1 - moving) * context[:, -3:]
