"""Where the visitor is believed to stand, as nine bytes of the state: x, y and heading, 24 bits each, the low byte first.

B1. Nine zeros are no belief: the frame has to be looked at. No belief is written so, since its x is at least one unit.
B2. Written again it is the same to the bit: units are powers of two, so nothing is rounded on the way.
    `evaluate.state.pose_bytes` is the same in numpy.
"""

import torch
from torch import Tensor

BYTES = 9
PER_METRE, PER_RADIAN = 2.0**18, 2.0**21
FROM_RADIANS = -4.0  # so a heading in [-pi, pi) is a whole number from 0 on; a place may be 64 m wide
WHOLE_MAX = 2.0**24 - 1


def encode(pose: Tensor) -> Tensor:
    """pose [B, 3] (x and y in metres, heading in radians, in [-pi, pi)) -> uint8 [B, 9]."""
    point, turn = pose[:, :2] * PER_METRE, (pose[:, 2:] - FROM_RADIANS) * PER_RADIAN
    whole = torch.round(torch.cat([point, turn], 1)).clamp(1, WHOLE_MAX)
    high = torch.floor(whole / 65_536)
    middle = torch.floor(whole / 256) - 256 * high
    low = whole - 65_536 * high - 256 * middle
    return torch.stack([low, middle, high], 2).flatten(1).to(torch.uint8)


def decode(belief: Tensor) -> Tensor:
    """uint8 [B, 9] -> pose [B, 3]."""
    low, middle, high = belief.reshape(-1, 3, 3).to(torch.float32).unbind(2)
    whole = low + 256 * middle + 65_536 * high
    return torch.cat([whole[:, :2] / PER_METRE, whole[:, 2:] / PER_RADIAN + FROM_RADIANS], 1)


def is_none(belief: Tensor) -> Tensor:
    """uint8 [B, 9] -> bool [B]: whether there is none. An x of zero, which no belief has, is enough."""
    return belief[:, :3].to(torch.float32).sum(1) == 0
