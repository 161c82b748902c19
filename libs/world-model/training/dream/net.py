"""The network: four frames and an action in, the next frame out.

A U-Net moves what it sees (a learned flow displaces the last frame, which keeps what is sharp sharp) and paints what comes into
view. With `recall` it paints over a picture from memory: it makes the move from where it believes to stand, and asks what one
sees there. The belief is carried from step to step beside the frames; where there is none yet it looks at the last frame.
Without `warp` and `recall` it is the plain pixel U-Net of the baseline.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gallery.transition import Transition

from . import belief as beliefs
from .layers import Block, Conv, as_convolution, on_unshuffled
from .recall import Locator, Painter, as_pose, likeliest

CONTEXT = 4
LANES = 16  # a pose's few numbers are worked out so often over: the tail of a short vector ONNX Runtime rounds in another way
REACH_PX = 20.0  # the fastest turn moves the rim of the image by 13


class Recall(nn.Module):
    """Where the visitor stands after an action, and the picture that memory has of the place from there."""

    def __init__(self, size: tuple[float, float], keeps: bool = True):
        """keeps: whether a belief, once had, is kept and moved; else every frame is looked at anew."""
        super().__init__()
        self.locator, self.transition, self.painter = Locator(size), Transition(size), Painter(size)
        self.keeps = keeps

    def forward(self, frame: Tensor, belief: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """frame [B, 3, 72, 128], belief uint8 [B, 9], action [B, 4] -> the picture after the action [B, 3, 72, 128], the belief then."""
        pose = as_pose(likeliest(*self.locator(frame)).repeat_interleave(LANES, 0))
        if self.keeps:
            kept = belief.repeat_interleave(LANES, 0)
            pose = torch.where(beliefs.is_none(kept)[:, None], pose, beliefs.decode(kept))
        with torch.autocast(frame.device.type, enabled=False):  # 8 bits of mantissa would err by centimetres in a hundred frames
            moved = self.transition(pose, action.repeat_interleave(LANES, 0))
        picture = self.painter(moved[::LANES]).float().clamp(0, 1)
        return picture, beliefs.encode(moved)[::LANES] if self.keeps else belief


class Dream(nn.Module):
    """context [B, 12, 72, 128] (four RGB frames, oldest first, 0..1), action [B, 4] -> frame [B, 3, 72, 128], 0..1."""

    def __init__(self, recall: Recall | None, warp: bool = True, widths: tuple[int, int, int] = (16, 48, 96), unet: bool = True):
        super().__init__()
        fine, middle, deep = widths
        self.warp, self.recall, self.unet = warp, recall, unet
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
        if not self.unet:
            return recalled
        act = as_convolution(self.act2, F.silu(as_convolution(self.act, action[:, :, None, None])))
        fine = F.relu(self._stem(torch.cat([context, recalled], 1) - 0.5))
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

    def _stem(self, seen: Tensor) -> Tensor:
        """frames [B, 15, 72, 128] -> [B, fine, 36, 64]: of their pixels unshuffled by two, and of `where`, the same for all."""
        planes, weight = 3 * CONTEXT + 3, self.stem.weight.reshape(self.stem.shape)
        places = F.conv2d(self.where, weight[:, 4 * planes :].reshape(self.stem.shape[0], 4, 3, 3), padding=1)
        return on_unshuffled(weight[:, : 4 * planes], self.stem.bias, seen, planes, 2) + places


def is_moving(action: Tensor) -> Tensor:
    """action [B, 4] -> bool [B]: nothing moves here but the visitor."""
    return action.abs().sum(1) > 0


def recalled(net: Dream, context: Tensor, belief: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """What memory says the next frame shows (grey where there is no memory), and the belief to keep: the same for a zero action."""
    if net.recall is None:
        return torch.full_like(context[:, :3], 0.5), belief
    picture, moved = net.recall(context[:, -3:], belief, action)
    return picture, torch.where(is_moving(action)[:, None], moved, belief)


def next_frame(net: Dream, context: Tensor, action: Tensor, picture: Tensor) -> Tensor:
    """A frame, 0..1; the last one again, to the bit, for a zero action."""
    moving = is_moving(action).to(context.dtype)[:, None, None, None]
    return moving * net(context, action, picture).clamp(0, 1) + (1 - moving) * context[:, -3:]
