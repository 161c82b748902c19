"""The 8-bit numbers of the per-pixel layers, as training feels them: rounded ahead, straight through backwards.

Ink is stored as uint8, 255 standing for a channel's `top`. Weights are int8 with one step an output, so chosen that no
neighbours (0 and 1, 2 and 3, ...) exceed 128 in sum: processors without VNNI add pairs of products in 16 bits, which
255 * 128 fits. About 7.7 bits in practice, where a limit for each weight would leave 7.
"""

import torch
from torch import Tensor

INK_LEVELS, PAIR_LEVELS = 255, 127  # 128 less what rounding may add to a sum
PARTS = 3  # of the ink that colour is read from


def stored(ink: Tensor, top: Tensor) -> Tensor:
    """ink [B, C, P, W] >= 0 as it comes back from storage."""
    scale = (top / INK_LEVELS)[:, None, None]
    return _through((ink / scale).round().clamp(max=INK_LEVELS) * scale, torch.minimum(ink, top[:, None, None]))


def stored_in_parts(ink: Tensor, top: Tensor) -> Tensor:
    """The same in `PARTS` numbers, each for its part of the way to the top: smaller steps, which show in flat walls."""
    part = top / PARTS
    return sum(stored(torch.relu(ink - i * part[:, None, None]), part) for i in range(PARTS))


def rounded(weight: Tensor, top: Tensor | float = 1.0) -> Tensor:
    """weight [out, in] as stored, for inputs that come as shares of their `top`."""
    scaled = weight * top
    scale = weight_scale(scaled)[:, None]
    return _through((scaled / scale).round() * scale, scaled) / top


def weight_scale(scaled: Tensor) -> Tensor:
    """One step of the stored weights of each output: [out]."""
    pairs = scaled.detach().abs().unflatten(1, (-1, 2)).sum(2)
    return pairs.amax(1).clamp(min=1e-8) / PAIR_LEVELS


def _through(value: Tensor, gradient_of: Tensor) -> Tensor:
    return gradient_of + (value - gradient_of).detach()
