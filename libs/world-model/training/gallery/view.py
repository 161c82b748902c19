"""The learned view: a pose in, a frame out. What is built in is a camera; what is learned is the place.

Built in: a level pinhole camera (column angles, eye height), and that surfaces are locally flat.
Learned: how far each column sees, what colour the world has at the point seen, how floor and ceiling look.
No map, texture or solid of the true place is in here, and no ray is marched: each part is one pass of a small network.

1. `sight`: x, y, direction -> a line n.p = c on the map that the column looks at, and a latent. Distance follows from
   the line, so a flat wall is one constant answer however one stands to it.
2. `second`: the point so found, the line looked along, latent -> a correction of that line.
3. `skin`: the point now seen, the line looked along, latent -> a code per column.
4. `paint`: per pair of pixels, height on that surface and the floor point behind it, modulated by the code -> RGB.

Pixels come in vertical pairs: the last layer reads two rows from one ink, which halves the cost of a step.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from world.camera import FRAME_HEIGHT, FRAME_WIDTH, TAN_HALF_FOV_V, column_slopes
from world.place import EYE_HEIGHT_M

from .integers import rounded, stored, stored_in_parts

TURNS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
PLACE_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
SECOND_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2)
SKIN_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)
PIXEL_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)  # each twice the one before: see `_pixels`
TILE_OCTAVES = range(2, 6)  # of those, the ones with waves along the diagonals too: tiles, inlays
HEIGHT_RANGE_M = (-4.0, 7.0)
FLOOR_FAR_M = 25.0
LATENT = 32
PAIRS, WIDTH = FRAME_HEIGHT // 2, FRAME_WIDTH


def waves(value: Tensor, octaves: Tensor) -> Tensor:
    """sin and cos of value [..., C] at each octave: [..., C * 2 * len(octaves)]."""
    angle = (value[..., None] * octaves).flatten(-2)
    return torch.cat([torch.sin(angle), torch.cos(angle)], -1)


class View(nn.Module):
    """Columns of an image from poses and directions."""

    def __init__(self, size: tuple[float, float], sight: int = 256, skin: int = 192, paint: int = 64):
        super().__init__()
        for name, octaves in (("place", PLACE_OCTAVES), ("second", SECOND_OCTAVES), ("skin", SKIN_OCTAVES)):
            self.register_buffer(f"{name}_octaves", torch.tensor(octaves) * math.pi, persistent=False)
        self.register_buffer("turns", torch.tensor(TURNS, dtype=torch.float32), persistent=False)
        self.register_buffer("centre", torch.tensor(size) / 2, persistent=False)
        marks = self._pixel_buffers()
        self.sight = _layers(2 * len(TURNS) + 8 * len(PLACE_OCTAVES) + 4, sight, sight, sight)
        self.line, self.latent = nn.Linear(sight, 3), nn.Linear(sight, LATENT)
        memory = LATENT + 8 * len(PLACE_OCTAVES)
        self.second = _layers(4 * len(SECOND_OCTAVES) + 4 + memory, skin, skin)
        self.corrected = nn.Linear(skin, 3)
        self.skin = _layers(4 * len(SKIN_OCTAVES) + 5 + memory, skin, skin)
        self.code = nn.Linear(skin, 2 * paint)
        self.edge = nn.Linear(1, paint, bias=False)  # where wall meets floor moves with 1/depth: a short way in
        self.mark, self.blend, self.colour = nn.Linear(marks, paint), nn.Linear(paint, paint), nn.Linear(paint, 6)
        self.register_buffer("ink_tops", torch.zeros(2, paint))  # 0 until `use_integers`
        self.in_integers = False
        self.register_load_state_dict_post_hook(lambda view, _: view.use_integers(view.ink_tops))

    def _pixel_buffers(self) -> int:
        """Per pair of rows: slope, reach to the floor, how much of a wave survives the pixel, waves of the row.

        `fade` [32, PAIRS] is in the order of `_pixels`; `row_waves` [2, 4, PAIRS] are sin and cos, constants of the camera.
        """
        slope = ((torch.arange(PAIRS) * 2 + 1) / FRAME_HEIGHT * 2 - 1) * TAN_HALF_FOV_V
        slope = torch.where(slope.abs() < 1e-6, torch.full_like(slope, 1e-6), slope)
        reach = (EYE_HEIGHT_M / slope.abs()).clamp(max=FLOOR_FAR_M)
        footprint = reach**2 / EYE_HEIGHT_M * (2 * TAN_HALF_FOV_V / FRAME_HEIGHT)
        fades, whole = [], torch.ones_like(slope)
        for i, octave in enumerate(PIXEL_OCTAVES):
            floor = torch.exp(-((0.35 * math.pi * octave * footprint) ** 2))
            height = [] if i == len(PIXEL_OCTAVES) - 1 else [whole]  # the finest octave is for the floor alone
            diagonals = [floor * floor] * 2 if i in TILE_OCTAVES else []
            fades += [*height, floor, floor, *diagonals]
        angles = torch.stack([slope, slope.abs()])[:, None] * (torch.tensor([0.25, 1.0]) * math.pi)[:, None]
        row_waves = torch.stack([torch.sin(angles), torch.cos(angles)]).flatten(1, 2)
        self.register_buffer("row_slope", slope, persistent=False)
        self.register_buffer("reach", reach, persistent=False)
        self.register_buffer("row_waves", row_waves, persistent=False)
        self.register_buffer("fade", torch.stack([*fades, *[whole] * row_waves.shape[1]]), persistent=False)
        return 2 * len(self.fade)

    def look(self, x: Tensor, y: Tensor, phi: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """1/distance at first sight and corrected, [B, W] each, and what later parts may use, [B, W, memory].

        x, y are metres from the centre. The memory is a latent and the waves of the line looked along.
        """
        cos, sin = torch.cos(phi), torch.sin(phi)
        lines = torch.stack([x, y, x * sin - y * cos, x * cos + y * sin], -1)
        turned, along = phi[..., None] * self.turns, waves(lines, self.place_octaves)
        seen = self.sight(torch.cat([torch.sin(turned), torch.cos(turned), along, lines / 4], -1))
        memory = torch.cat([self.latent(seen), along], -1)
        with torch.autocast(x.device.type, enabled=False):  # half precision would move what is seen by centimetres
            line = self.line(seen.float())
        first = _nearness(line, x, y, cos, sin)
        known = torch.stack([cos, sin, first, torch.log(first)], -1)
        point = torch.stack([x + cos / first, y + sin / first], -1)
        again = self.second(torch.cat([waves(point, self.second_octaves), known, memory], -1))
        with torch.autocast(x.device.type, enabled=False):
            line = line + self.corrected(again.float())
        return first, _nearness(line, x, y, cos, sin), memory

    def forward(self, x: Tensor, y: Tensor, heading: Tensor, slope: Tensor, pairs: slice = slice(None)):
        """Columns: x, y, heading, slope (tangent right of the axis), all [B, W].

        Gives RGB (0..1, not yet clamped) [B, 6, P, W], two rows of three for each of P row pairs, and 1/distance at
        first sight and corrected, [B, W] each.
        """
        _, ink, first, near = self.inks(x, y, heading, slope, pairs)
        return self._each_pixel(self.colour, ink, self.ink_tops[1]), first, near

    def inks(self, x: Tensor, y: Tensor, heading: Tensor, slope: Tensor, pairs: slice = slice(None)):
        """What `forward` reads colour from, before and after `blend`, [B, paint, P, W], and both 1/distances."""
        phi = heading + torch.atan(slope)
        cos, sin = torch.cos(phi), torch.sin(phi)
        cx, cy = x - self.centre[0], y - self.centre[1]
        first, near, memory = self.look(cx, cy, phi)
        far = 1 / near
        point = torch.stack([cx + far * cos, cy + far * sin], -1)
        known = torch.stack([near, torch.log(far), cos, sin, slope], -1)
        code = self.code(self.skin(torch.cat([waves(point, self.skin_octaves), known, memory], -1)))
        stretch = torch.sqrt(1 + slope * slope)
        gain, shift = code.chunk(2, -1)
        shift = shift + self.edge((near * stretch)[..., None])
        marks = self._each_pixel(self.mark, self._pixels(cx, cy, cos, sin, far, stretch, pairs), 1.0)
        ink = torch.relu(marks * _as_columns(1 + gain) + _as_columns(shift))
        ink = stored(ink, self.ink_tops[0]) if self.in_integers else ink
        blended = torch.relu(self._each_pixel(self.blend, ink, self.ink_tops[0]))
        return ink, stored_in_parts(blended, self.ink_tops[1]) if self.in_integers else blended, first, near

    def use_integers(self, ink_tops: Tensor) -> None:
        """From now on the per-pixel layers round as they do when served; ink_tops [2, paint] (all 0: they do not)."""
        self.ink_tops.copy_(ink_tops)
        self.in_integers = bool(self.ink_tops.any())

    def _each_pixel(self, layer: nn.Linear, image: Tensor, top: Tensor | float) -> Tensor:
        """A linear layer on every pixel of [B, C, P, W]."""
        weight = rounded(layer.weight, top) if self.in_integers else layer.weight
        return F.conv2d(image, weight[:, :, None, None], layer.bias)

    def _pixels(self, cx, cy, cos, sin, far, stretch, pairs: slice) -> Tensor:
        """What a pixel knows, as waves [B, 64, P, W], all sines before all cosines: height on the wall seen, the floor
        point behind it along both axes and (in the octaves of tiles) both diagonals, and its row.

        64 because runtimes' fast paths want a multiple of 16 channels.
        Octaves by doubling the angle (sin 2a = 2 sin a cos a): products are far cheaper than sines.
        """
        slope, reach = self.row_slope[pairs, None], self.reach[pairs, None]
        along = reach * stretch[:, None]
        z = (EYE_HEIGHT_M - slope * (far / stretch)[:, None]).clamp(*HEIGHT_RANGE_M)
        x, y = cx[:, None] + along * cos[:, None], cy[:, None] + along * sin[:, None]
        angle = torch.stack([z, x, y], 1) * (math.pi * PIXEL_OCTAVES[0])
        diagonal = torch.stack([x + y, x - y], 1) * (math.pi * PIXEL_OCTAVES[TILE_OCTAVES.start])
        wave = torch.stack([torch.sin(angle), torch.cos(angle)], 1)
        diagonals = torch.stack([torch.sin(diagonal), torch.cos(diagonal)], 1)
        waves = []
        for i in range(len(PIXEL_OCTAVES)):
            if i:
                s, c = (wave[:, :, 1:3] if i == len(PIXEL_OCTAVES) - 1 else wave).unbind(1)
                wave = torch.stack([2 * s * c, 1 - 2 * s * s], 1)
            if i == TILE_OCTAVES.start:
                wave = torch.cat([wave, diagonals], 2)
            waves.append(wave)
        waves.append(self.row_waves[:, :, pairs, None] + torch.zeros_like(z)[:, None, None])
        return (torch.cat(waves, 2) * self.fade[:, pairs, None]).flatten(1, 2)


def _layers(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, each followed by SiLU."""
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(*(part for a, b in pairs for part in (nn.Linear(a, b), nn.SiLU())))


def _nearness(line: Tensor, x: Tensor, y: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """1/distance along (cos, sin) from (x, y) to the line n.p = 4 c, for line [..., 3] = (n, c); kept in (.02, inf)."""
    towards = F.softplus(10 * (line[..., 0] * cos + line[..., 1] * sin)) / 10
    apart = F.softplus(4 * (4 * line[..., 2] - line[..., 0] * x - line[..., 1] * y)) / 4
    return towards / (apart + 0.02) + 0.02


def _as_columns(code: Tensor) -> Tensor:
    """[B, W, C] -> [B, C, 1, W]."""
    return code.transpose(1, 2)[:, :, None]


def frame_slopes() -> Tensor:
    """The slopes of a whole frame's columns: [128]."""
    return torch.tensor(column_slopes(), dtype=torch.float32)


def frames(view: View, pose: Tensor, slopes: Tensor) -> Tensor:
    """pose [B, 3], slopes [128] -> RGB [B, 72, 128, 3], not clamped."""
    wide = pose[:, :, None] + torch.zeros_like(slopes)
    pairs, *_ = view(wide[:, 0], wide[:, 1], wide[:, 2], slopes + torch.zeros_like(wide[:, 0]))
    batch, _, count, width = pairs.shape
    return pairs.reshape(-1, 2, 3, count, width).permute(0, 3, 1, 4, 2).reshape(-1, 2 * count, width, 3)
