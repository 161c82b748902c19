"""The learned transition: turn, wish, and a learned push away from walls.

G1. Heading stays in [-pi, pi), so hours of turning lose no precision.
G2. A zero action leaves the state bit-identical: the push acts only on a step that moves.
G3. The push is a learned field over the map. A dead zone makes it exactly zero in the open and along a flat wall,
    so errors do not add up from frame to frame; at a wall it pulls every error back to the same resting line.
"""

import math

import torch
from torch import Tensor, nn

OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2)
DEAD_ZONE = 0.3  # in decimetres of output before the cut


class Transition(nn.Module):
    """state [B, 3] (x, y in metres, heading in radians), action [B, 4] -> state [B, 3]."""

    def __init__(self, size: tuple[float, float], width: int = 128):
        super().__init__()
        self.register_buffer("size", torch.tensor(size))
        self.register_buffer("octaves", torch.tensor(OCTAVES) * math.pi)
        self.register_buffer("turn", torch.zeros(()))  # radians a frame at full yaw
        self.register_buffer("pace", torch.zeros(2))  # metres a frame: walking, and more at full sprint
        self.field = nn.Sequential(
            nn.Linear(2 + 4 * len(OCTAVES), width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2),
        )  # fmt: skip

    def raw_push(self, point: Tensor) -> Tensor:
        """Push before the dead zone, in decimetres: [B, 2]."""
        angle = (point[:, :, None] * self.octaves).flatten(1)
        return self.field(torch.cat([point / self.size * 2 - 1, torch.sin(angle), torch.cos(angle)], 1))

    def push(self, point: Tensor) -> Tensor:
        """Displacement in metres that clears a candidate point: [B, 2], exactly 0 inside the dead zone."""
        raw = self.raw_push(point)
        return 0.1 * (torch.relu(raw - DEAD_ZONE) - torch.relu(-raw - DEAD_ZONE))

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        a = clean(action)
        heading = wrap(state[:, 2:3] + self.turn * a[:, 2:3])
        speed = self.pace[0] + self.pace[1] * a[:, 3:4]
        forward, strafe = a[:, 0:1] * speed, a[:, 1:2] * speed
        cos, sin = torch.cos(heading), torch.sin(heading)
        wish = torch.cat([forward * cos - strafe * sin, forward * sin + strafe * cos], 1)
        here = torch.minimum(torch.relu(state[:, :2]), self.size)  # a garbage state stays on the map
        candidate = here + wish
        moving = (wish.abs().sum(1, keepdim=True) > 0).to(wish.dtype)
        return torch.cat([here + moving * (wish + self.push(candidate)), heading], 1)


def clean(action: Tensor) -> Tensor:
    """NaN to 0, clip to range, no faster on the diagonal."""
    a = torch.where(torch.isnan(action), torch.zeros_like(action), action)
    planar = a[:, :2].clamp(-1, 1)
    length = (planar * planar).sum(1, keepdim=True).sqrt().clamp(min=1)
    return torch.cat([planar / length, a[:, 2:3].clamp(-1, 1), a[:, 3:4].clamp(0, 1)], 1)


def wrap(angle: Tensor) -> Tensor:
    """Into [-pi, pi); an angle already inside is left as it is, to the bit."""
    return angle - 2 * math.pi * torch.floor((angle + math.pi) / (2 * math.pi))
