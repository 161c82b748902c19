"""What `View` does once a pixel, as ONNX nodes in 8-bit integers, and the frame."""

import math

import numpy as np
import torch

from world.place import EYE_HEIGHT_M

from .export_columns import Columns, linear
from .graph import QUARTER, Graph, arr, f32
from .integers import INK_LEVELS, PARTS, weight_scale
from .view import HEIGHT_RANGE_M, PAIRS, PIXEL_OCTAVES, TILE_OCTAVES, WIDTH, View

STRIPES = 3  # of rows, painted one after the other: one stripe's marks fit a core's second cache
WAVE_STEP, WAVE_ZERO = 1 / 127, 128  # waves from -1 to 1 as uint8


def paint(g: Graph, v: View, columns: Columns) -> None:
    """Marks, their modulation by the column's code, ink, colour. Pixels are rows of channels here."""
    inks, marks_in, skin = v.blend.in_features, v.mark.in_features, columns.skin
    pixels = _pixels(g, v, columns.sight_lines)
    ink_top, part_top = arr(v.ink_tops) / [[1], [PARTS]]
    gain_weight, shift_weight = np.split(arr(v.code.weight), 2)
    gain_bias, shift_bias = np.split(arr(v.code.bias), 2)
    gain = linear(g, skin, gain_weight / ink_top[:, None], (1 + gain_bias) / ink_top)
    shift = g("Gemm", g.reshape(columns.nearness, -1, 1), arr(v.edge.weight).T / ink_top, shift_bias / ink_top)
    shift = g("Gemm", skin, np.ascontiguousarray((shift_weight / ink_top[:, None]).T), shift)
    gain, shift = (g.reshape(code, -1, 1, WIDTH * inks) for code in (gain, shift))

    ink, stripe = [], PAIRS // STRIPES
    for first in range(0, PAIRS, stripe):
        rows = g.reshape(g.slice(pixels, 1, first * WIDTH, (first + stripe) * WIDTH), -1, marks_in)
        marks = g("Gemm", *_integers(g, rows, WAVE_STEP, WAVE_ZERO, arr(v.mark.weight), arr(v.mark.bias)), transB=1)
        marks = g.reshape(marks, -1, stripe, WIDTH * inks)
        ink.append(_stored(g, g("Add", g("Mul", marks, gain), shift)))
    ink = g.reshape(g("Concat", *ink, axis=1), -1, PAIRS, WIDTH, inks)
    image = g("Transpose", ink, perm=[0, 3, 1, 2])
    image = _blend(g, v, image, ink_top, part_top)
    # 6 colours in 16 channels: fewer would take a path of ONNX Runtime that costs twice as much.
    weight, bias = np.zeros((16, PARTS * inks), np.float32), np.zeros(16, np.float32)
    weight[:6], bias[:6] = np.tile(arr(v.colour.weight) * part_top, PARTS), arr(v.colour.bias)
    colour = _stored(g, _convolution(g, image, weight, bias))
    colour = g.reshape(g.slice(colour, 1, 0, 6), -1, 2, 3, PAIRS * WIDTH)
    colour = g.reshape(g("Transpose", colour, perm=[0, 1, 3, 2]), -1, 2, PAIRS, WIDTH * 3)
    g.reshape(g("Transpose", colour, perm=[0, 2, 1, 3]), -1, 2 * PAIRS, WIDTH, 3, name="frame")


def _pixels(g: Graph, v: View, sight_lines: str) -> str:
    """`View._pixels` as uint8 [B, 36 * 128, 64]. Waves are kept doubled, a = 2 sin and b = 2 cos: an octave up,
    a' = a b and b' = b b - 2. What of a wave survives the pixel goes into the step of its storing.
    """
    slope, reach = arr(v.row_slope), arr(v.reach)
    zero, one = np.zeros(PAIRS, np.float32), np.ones(PAIRS, np.float32)
    z = np.stack([EYE_HEIGHT_M * one, -slope, zero, zero, zero, zero], 1)  # of sight_lines: 1, depth, x, y, ways along
    x = np.stack([zero, zero, one, zero, reach, zero], 1)
    y = np.stack([zero, zero, zero, one, zero, reach], 1)
    straight = np.concatenate([z, x, y]) * (math.pi * PIXEL_OCTAVES[0])
    diagonal = np.concatenate([x + y, x - y]) * (math.pi * PIXEL_OCTAVES[TILE_OCTAVES.start])
    quarter = np.eye(1, 6) * QUARTER
    angles = g("MatMul", np.concatenate([straight, straight + quarter, diagonal, diagonal + quarter]), sight_lines)
    low, high = np.full((10 * PAIRS, 1), -1e9), np.full((10 * PAIRS, 1), 1e9)
    for first, phase in ((0, 0), (3 * PAIRS, QUARTER)):
        at = slice(first, first + PAIRS)
        low[at], high[at] = (metres * math.pi * PIXEL_OCTAVES[0] + phase for metres in HEIGHT_RANGE_M)
    doubled = g("Mul", g("Sin", g("Min", g("Max", angles, low), high)), f32(2))
    wave = g.reshape(g.slice(doubled, 1, 0, 6 * PAIRS), 0, 2, 3 * PAIRS, WIDTH)
    diagonals = g.reshape(g.slice(doubled, 1, 6 * PAIRS, 10 * PAIRS), 0, 2, 2 * PAIRS, WIDTH)

    stored, fades = [], arr(v.fade)
    for i in range(len(PIXEL_OCTAVES)):
        if i == len(PIXEL_OCTAVES) - 1:
            wave = g.slice(wave, 2, PAIRS, 3 * PAIRS)
        if i:
            wave = g("Sub", g("Mul", wave, g.slice(wave, 1, 1, 2)), f32(0, 2).reshape(2, 1, 1))
        if i == TILE_OCTAVES.start:
            wave = g("Concat", wave, diagonals, axis=2)
        count = 5 if i in TILE_OCTAVES else 3 if i < TILE_OCTAVES.start else 2
        fade, fades = fades[:count].reshape(-1), fades[count:]
        step = 2 * WAVE_STEP / np.maximum(fade, 1e-6)
        stored.append(g("QuantizeLinear", wave, step, np.full(len(step), WAVE_ZERO, np.uint8), axis=2))
    rows = np.round(arr(v.row_waves) / WAVE_STEP + WAVE_ZERO).astype(np.uint8).reshape(1, 2, 4 * PAIRS, 1)
    shape = g("Concat", g("Shape", sight_lines, end=1), np.array([2, 4 * PAIRS, WIDTH]), axis=0)
    stored.append(g("Expand", np.repeat(rows, WIDTH, 3), shape))
    planes = g.reshape(g("Concat", *stored, axis=2), 0, 64, PAIRS * WIDTH)
    return g("Transpose", planes, perm=[0, 2, 1])


def _blend(g: Graph, v: View, image: str, ink_top: np.ndarray, part_top: np.ndarray) -> str:
    """Each channel in parts (see `stored_in_parts`): storing cuts each at its top and at 0."""
    weight, bias = arr(v.blend.weight) * ink_top / part_top[:, None], arr(v.blend.bias) / part_top
    return _stored(g, _convolution(g, image, np.tile(weight, (PARTS, 1)), np.concatenate([bias - i for i in range(PARTS)])))


def _stored(g: Graph, share: str) -> str:
    """Shares of the top as uint8. What is below 0 is cut, which is the ReLU (or, of a colour, the clamp)."""
    return g("QuantizeLinear", share, np.float32(1 / INK_LEVELS), np.uint8(0))


def _convolution(g: Graph, image: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """A linear layer on every pixel of a stored image [B, C, 36, 128]."""
    image, weight, bias = _integers(g, image, 1 / INK_LEVELS, 0, weight[:, :, None, None], bias)
    return g("Conv", image, weight, bias)


def _integers(g: Graph, stored: str, scale: float, zero: int, weight: np.ndarray, bias: np.ndarray):
    """Input, weight and bias of a layer, de-quantised: a pattern that runtimes turn into one integer product."""
    step = weight_scale(torch.tensor(weight.reshape(len(weight), -1))).numpy()
    integer_weight = np.round(weight / step.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
    bias_step = step * np.float32(scale)
    integer_bias = np.round(bias / bias_step).astype(np.int32)
    x = g("DequantizeLinear", stored, np.float32(scale), np.uint8(zero))
    w = g("DequantizeLinear", integer_weight, step, np.zeros(len(weight), np.int8), axis=0)
    return x, w, g("DequantizeLinear", integer_bias, bias_step, np.zeros(len(weight), np.int32), axis=0)
