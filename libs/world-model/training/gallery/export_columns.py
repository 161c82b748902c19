"""What `View` does once a column, as ONNX nodes: where it looks and the code of what is there, all in float.

Values are [B, channels, 128]; layers want them as rows [B * 128, channels].
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from .graph import QUARTER, Graph, arr, f32
from .view import WIDTH, View, frame_slopes

LINE_SCALE = f32(10, 10, 16)  # of n and c, as `_nearness` wants them


@dataclass(frozen=True)
class Columns:
    """Names of values: skin [B * 128, 192], nearness [B, 1, 128] (1/depth), and sight_lines [B, 6, 128]: 1, depth, x and
    y from the centre, and how far x and y go for each metre of depth.
    """

    skin: str
    nearness: str
    sight_lines: str


def columns(g: Graph, v: View, pose: str) -> Columns:
    """`View.forward` up to the code of each column."""
    slopes = arr(frame_slopes())
    stretch = np.sqrt(1 + slopes * slopes)
    base = _base(g, v, pose, slopes)
    sines = g("Sin", g.slice(base, 1, 0, 3))
    sin_cos, cos_sin, xy = g.slice(sines, 1, 0, 2), g.slice(sines, 1, 1, 3), g.slice(base, 1, 3, 5)
    rays = g("Concat", base, g("Mul", xy, sin_cos), g("Mul", xy, cos_sin), axis=1)

    sight = _Sight(v)
    turned_along = g("Sin", g("Add", g("MatMul", sight.angles, rays), sight.phases))
    along = g.slice(turned_along, 1, 0, sight.along)
    seen = _hidden(g, _rows(g, turned_along, rays), v.sight, sight.first_weight)
    line_weight, line_bias = _line(v.line)
    weight, bias = np.concatenate([line_weight, arr(v.latent.weight)]), np.concatenate([line_bias, arr(v.latent.bias)])
    read = _columns(g, linear(g, seen, weight, bias), len(bias))
    line, latent = g.slice(read, 1, 0, 3), g.slice(read, 1, 3, len(bias))

    first = _nearness(g, line, xy, cos_sin)
    waves = _waves(g, g("Add", xy, g("Div", cos_sin, first)), v.second_octaves)
    again = _hidden(g, _rows(g, waves, cos_sin, first, g("Log", first), latent, along), v.second)
    line = g("Add", line, _columns(g, linear(g, again, *_line(v.corrected)), 3))
    near = _nearness(g, line, xy, cos_sin)

    far = g("Div", f32(1), near)
    waves = _waves(g, g("Add", xy, g("Mul", cos_sin, far)), v.skin_octaves)
    slope = g.slice(base, 1, 5, 6)
    skin = _hidden(g, _rows(g, waves, near, g("Log", far), cos_sin, slope, latent, along), v.skin)
    one = g.slice(base, 1, 6, 7)
    sight_lines = g("Concat", one, g("Mul", far, 1 / stretch), xy, g("Mul", cos_sin, stretch), axis=1)
    return Columns(skin, g("Mul", near, stretch), sight_lines)


def _base(g: Graph, v: View, pose: str, slopes: np.ndarray) -> str:
    """[B, 7, 128]: phi, phi + a quarter, phi (their sines are sin, cos, sin), x and y from the centre, slope, 1."""
    angle = np.arctan(slopes)
    cx, cy = arr(v.centre)
    flat = np.ones_like(slopes)
    table = np.stack([angle, angle + QUARTER, angle, -cx * flat, -cy * flat, slopes, flat]).astype(np.float32)
    picked = g("Mul", g("Gather", pose, np.array([2, 2, 2, 0, 1, 0, 0]), axis=1), f32(1, 1, 1, 1, 1, 0, 0))
    return g("Add", g("Unsqueeze", picked, np.array([2])), table)


class _Sight:
    """The first features of `View.look`, as sines of linear functions of the 11 channels of `rays`.

    rays: phi, phi', phi, x, y, slope, 1, x sin, y cos, x cos, y sin. So d = x sin - y cos and t = x cos + y sin are
    linear too.
    """

    def __init__(self, v: View):
        lines = np.zeros((4, 11), np.float32)
        lines[0, 3] = lines[1, 4] = 1
        lines[2, 7:9], lines[3, 9:11] = (1, -1), (1, 1)
        along = (lines[:, None] * arr(v.place_octaves)[:, None]).reshape(-1, 11)
        turned = np.zeros((len(v.turns), 11), np.float32)
        turned[:, 0] = arr(v.turns)
        waves, turns = len(along), len(turned)
        self.along = 2 * waves
        self.angles = np.concatenate([along, along, turned, turned])
        self.phases = np.repeat(f32(0, QUARTER, 0, QUARTER), [waves, waves, turns, turns])[:, None]
        weight = arr(v.sight[0].weight)
        turned_weight, along_weight, lines_weight = np.split(weight, [2 * turns, 2 * turns + 2 * waves], 1)
        self.first_weight = np.concatenate([along_weight, turned_weight, lines_weight @ lines / 4], 1)


def _rows(g: Graph, *parts: str) -> str:
    """[B, channels, 128] parts -> [B * 128, all channels]."""
    return g("Flatten", g("Transpose", g("Concat", *parts, axis=1), perm=[0, 2, 1]), axis=2)


def _columns(g: Graph, rows: str, channels: int) -> str:
    """[B * 128, channels] -> [B, channels, 128]."""
    return g("Transpose", g.reshape(rows, -1, WIDTH, channels), perm=[0, 2, 1])


def linear(g: Graph, rows: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return g("Gemm", rows, np.ascontiguousarray(weight.T), bias)


def _hidden(g: Graph, rows: str, layers: nn.Sequential, first_weight: np.ndarray | None = None) -> str:
    """Linear layers with SiLU on rows."""
    for i, layer in enumerate(part for part in layers if isinstance(part, nn.Linear)):
        weight = first_weight if i == 0 and first_weight is not None else arr(layer.weight)
        rows = linear(g, rows, weight, arr(layer.bias))
        rows = g("Mul", rows, g("Sigmoid", rows))
    return rows


def _waves(g: Graph, point: str, octaves: Tensor) -> str:
    """`view.waves` of [B, 2, 128]: [B, 4 * octaves, 128]."""
    angles = np.kron(np.eye(2, dtype=np.float32), arr(octaves)[:, None])
    phases = np.repeat(f32(0, QUARTER), len(angles))[:, None]
    return g("Sin", g("Add", g("MatMul", np.concatenate([angles, angles]), point), phases))


def _line(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return arr(layer.weight) * LINE_SCALE[:, None], arr(layer.bias) * LINE_SCALE


def _nearness(g: Graph, line: str, xy: str, cos_sin: str) -> str:
    """`view._nearness`, for a line (10 n, 16 c): [B, 1, 128]."""
    normal, offset = g.slice(line, 1, 0, 2), g.slice(line, 1, 2, 3)
    one = np.array([1], np.int64)
    towards = g("Softplus", g("ReduceSum", g("Mul", normal, cos_sin), one))
    apart = g("Sub", offset, g("Mul", g("ReduceSum", g("Mul", normal, xy), one), f32(0.4)))
    apart = g("Add", g("Mul", g("Softplus", apart), f32(2.5)), f32(0.2))
    return g("Add", g("Div", towards, apart), f32(0.02))
