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

from world.camera import FRAME_HEIGHT, TAN_HALF_FOV_V, column_slopes
from world.place import EYE_HEIGHT_M

TURNS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
PLACE_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
SECOND_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2)
SKIN_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)
PIXEL_OCTAVES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4)  # each twice the one before: see `_pixels`
TILE_OCTAVES = slice(2, 6)  # of those, the ones whose waves along x and y are also multiplied: tiles, inlays
FLOOR_FAR_M = 25.0
LATENT = 32
PAIRS = FRAME_HEIGHT // 2


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

    def _pixel_buffers(self) -> int:
        """Per pair of rows: slope, reach to the floor, how much of a floor wave survives the pixel, waves of the row.

        `fade` [K, PAIRS, 1] follows the order of `_pixels`; `row_waves` [8, PAIRS, 1] are constants of the camera.
        """
        slope = ((torch.arange(PAIRS) * 2 + 1) / FRAME_HEIGHT * 2 - 1) * TAN_HALF_FOV_V
        slope = torch.where(slope.abs() < 1e-6, torch.full_like(slope, 1e-6), slope)
        reach = (EYE_HEIGHT_M / slope.abs()).clamp(max=FLOOR_FAR_M)
        footprint = reach**2 / EYE_HEIGHT_M * (2 * TAN_HALF_FOV_V / FRAME_HEIGHT)
        floor = [torch.exp(-((0.35 * math.pi * octave * footprint) ** 2)) for octave in PIXEL_OCTAVES]
        fade = [plane for blurred in floor[:-1] for plane in [torch.ones(PAIRS), blurred, blurred] * 2]
        fade += [floor[-1]] * 4  # the finest octave is for the floor alone
        fade += [blurred * blurred for blurred in floor[TILE_OCTAVES] for _ in range(4)]
        row_waves = waves(torch.stack([slope, slope.abs()], -1), torch.tensor([0.25, 1.0]) * math.pi).T
        self.register_buffer("row_slope", slope, persistent=False)
        self.register_buffer("reach", reach, persistent=False)
        self.register_buffer("fade", torch.stack(fade)[:, :, None], persistent=False)
        self.register_buffer("row_waves", row_waves[:, :, None], persistent=False)
        return len(fade) + len(row_waves)

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
        marks = _each_pixel(self.mark, self._pixels(cx, cy, cos, sin, far, stretch, pairs))
        ink = torch.relu(marks * _as_columns(1 + gain) + _as_columns(shift))
        ink = torch.relu(_each_pixel(self.blend, ink))
        return _each_pixel(self.colour, ink), first, near

    def _pixels(self, cx, cy, cos, sin, far, stretch, pairs: slice) -> Tensor:
        """What a pixel knows: height on the wall seen, the floor point behind it, its row, as waves: [B, 64, P, W].

        64 because onnxruntime's fast convolutions want a multiple of 16 channels.
        Octaves by doubling the angle (sin 2a = 2 sin a cos a): products are far cheaper than sines.
        """
        slope, reach = self.row_slope[pairs, None], self.reach[pairs, None]
        along = reach * stretch[:, None]
        z = (EYE_HEIGHT_M - slope * (far / stretch)[:, None]).clamp(-4, 7)
        places = torch.stack([z, cx[:, None] + along * cos[:, None], cy[:, None] + along * sin[:, None]], 1)
        places = places * (math.pi * PIXEL_OCTAVES[0])
        s, c = torch.sin(places), torch.cos(places)
        planes = [s, c]
        for _ in PIXEL_OCTAVES[1:]:
            double = s + s
            s, c = double * c, 1 - double * s
            planes += [s, c]
        planes[-2:] = [s[:, 1:], c[:, 1:]]
        for s, c in zip(planes[0::2][TILE_OCTAVES], planes[1::2][TILE_OCTAVES], strict=True):
            along_x = torch.cat([s[:, 1:2], c[:, 1:2]], 1)
            planes += [along_x * torch.cat([s[:, 2:], c[:, 2:]], 1), along_x * torch.cat([c[:, 2:], s[:, 2:]], 1)]
        rows = self.row_waves[:, pairs] + torch.zeros_like(z)[:, None]
        return torch.cat([torch.cat(planes, 1) * self.fade[:, pairs], rows], 1)


def _layers(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, each followed by SiLU."""
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(*(part for a, b in pairs for part in (nn.Linear(a, b), nn.SiLU())))


def _nearness(line: Tensor, x: Tensor, y: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """1/distance along (cos, sin) from (x, y) to the line n.p = 4 c, for line [..., 3] = (n, c); kept in (.02, inf)."""
    towards = F.softplus(10 * (line[..., 0] * cos + line[..., 1] * sin)) / 10
    apart = F.softplus(4 * (4 * line[..., 2] - line[..., 0] * x - line[..., 1] * y)) / 4
    return towards / (apart + 0.02) + 0.02


def _each_pixel(layer: nn.Linear, image: Tensor) -> Tensor:
    """A linear layer on every pixel of [B, C, P, W]."""
    return F.conv2d(image, layer.weight[:, :, None, None], layer.bias)


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
