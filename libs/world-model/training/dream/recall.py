"""What `dream` remembers of the one place it knows: where was a frame seen from, and what does one see from there.

It looks once. From then on it moves by the actions what it believed, which the state carries (`belief.py`).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gallery.transition import wrap
from gallery.view import waves
from world.camera import TAN_HALF_FOV

from .layers import Conv, as_convolution, on_unshuffled

TURNS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)
COLUMNS, ROWS, DEPTH = 64, 18, 24


class Painter(nn.Module):
    """pose [B, 3] -> RGB [B, 3, 72, 128], 0..1 but not clamped.

    Level camera, upright walls: what a column shows hangs on where it stands and its own direction alone, so
    one network is asked 64 times; a few convolutions join the answers.
    """

    def __init__(self, size: tuple[float, float], width: int = 384, wide: int = 32):
        super().__init__()
        slopes = ((torch.arange(COLUMNS) + 0.5) / COLUMNS * 2 - 1) * TAN_HALF_FOV
        self.register_buffer("angles", torch.atan(slopes), persistent=False)
        self.register_buffer("turns", torch.tensor(TURNS, dtype=torch.float32), persistent=False)
        self.register_buffer("octaves", torch.tensor(OCTAVES) * math.pi, persistent=False)
        self.register_buffer("centre", torch.tensor(size) / 2, persistent=False)
        self.first = nn.Linear(2 * len(TURNS) + 8 * len(OCTAVES), width)
        self.second, self.third = nn.Linear(width, width), nn.Linear(width, width)
        self.column = nn.Linear(width, ROWS * DEPTH)
        self.row = nn.Parameter(torch.zeros(1, DEPTH, ROWS, 1))
        self.join, self.blend, self.blend2 = Conv(DEPTH, wide), Conv(wide, wide), Conv(wide, wide)
        self.colour = Conv(wide, 4 * 2 * 3)

    def forward(self, pose: Tensor) -> Tensor:
        x, y = (pose[:, i, None] - self.centre[i] + torch.zeros_like(self.angles) for i in (0, 1))
        phi = pose[:, 2:] + self.angles
        cos, sin = torch.cos(phi), torch.sin(phi)
        lines = torch.stack([x, y, x * sin - y * cos, x * cos + y * sin], -1)
        turned = phi[..., None] * self.turns
        h = F.silu(self.first(torch.cat([torch.sin(turned), torch.cos(turned), waves(lines, self.octaves)], -1)))
        h = F.silu(self.second(h))
        h = self.column(F.silu(self.third(h)) + h)
        h = h.reshape(-1, COLUMNS, DEPTH, ROWS).permute(0, 2, 3, 1) + self.row
        h = F.relu(self.join(F.relu(h)))
        h = F.relu(h + self.blend2(F.relu(self.blend(h))))
        h = self.colour(h)  # four rows and two columns of pixels each
        h = h.reshape(-1, 3, 4, 2, ROWS, COLUMNS).permute(0, 1, 4, 2, 5, 3)
        return h.reshape(-1, 3, 4 * ROWS, 2 * COLUMNS) + 0.5


class Locator(nn.Module):
    """A frame [B, 3, 72, 128] -> where it was seen from.

    A blank wall may be any blank wall: so it names the likeliest square metre, and then a point near it, rather than
    the mean of all, where nobody can stand.
    """

    def __init__(self, size: tuple[float, float], width: int = 256):
        super().__init__()
        y, x = torch.meshgrid(torch.arange(size[1]) + 0.5, torch.arange(size[0]) + 0.5, indexing="ij")
        self.register_buffer("centres", torch.stack([x, y], -1).reshape(-1, 2), persistent=False)
        self.look, self.look2, self.look3 = Conv(48, 48), Conv(48, 64, stride=2), Conv(64, 64)
        self.narrow = Conv(64, 16, 1)
        self.gather = nn.Linear(16 * 9 * 16, width)
        self.think = nn.Linear(width, width)
        self.cells = nn.Linear(width, len(self.centres) * 5)

    def forward(self, frame: Tensor) -> tuple[Tensor, Tensor]:
        """logits [B, cells]; candidate of each cell [B, cells, 4]: x, y in metres, direction (not of unit length)."""
        h = F.relu(on_unshuffled(self.look.weight.reshape(self.look.shape), self.look.bias, frame - 0.5, 3, 4))
        h = F.relu(self.look2(h))
        h = F.relu(self.narrow(F.relu(h + self.look3(h))))
        h = F.relu(as_convolution(self.gather, h, (9, 16)))
        h = as_convolution(self.cells, F.relu(as_convolution(self.think, h)) + h).float().reshape(-1, self.cells.out_features // 5, 5)
        return h[..., 0], torch.cat([self.centres + h[..., 1:3], h[..., 3:]], -1)


def likeliest(logits: Tensor, candidates: Tensor) -> Tensor:
    """What the likeliest square metre says: [B, 4]."""
    return candidates.gather(1, logits.argmax(1)[:, None, None].expand(-1, 1, 4))[:, 0]


def as_pose(candidate: Tensor) -> Tensor:
    """x, y, direction [B, 4] -> pose [B, 3]."""
    x, y, cos, sin = candidate.unbind(1)
    return torch.stack([x, y, wrap(torch.atan2(sin, cos))], 1)
