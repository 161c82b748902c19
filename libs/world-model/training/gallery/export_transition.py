"""`Transition` as ONNX nodes. Bits of a session must not depend on the batch: see E2 of `export`."""

import math

import numpy as np
from torch import nn

from .graph import QUARTER, Graph, arr, f32
from .transition import DEAD_ZONE, Transition

VECTOR = 16  # floats of the widest registers


def moved(g: Graph, t: Transition) -> str:
    """`Transition.forward`."""
    action = g("Where", g("IsNaN", "action"), f32(0), "action")
    action = g("Min", g("Max", action, f32(-1, -1, -1, 0)), f32(1))
    planar = g.slice(action, 1, 0, 2)
    square = g("Mul", planar, planar)  # not ReduceL2, whose last bit depends on the batch
    length = g("Sqrt", g("Add", g.slice(square, 1, 0, 1), g.slice(square, 1, 1, 2)))
    planar = g("Div", planar, g("Max", length, f32(1)))
    speed = g("Add", g("Mul", g.slice(action, 1, 3, 4), f32(t.pace[1])), f32(t.pace[0]))
    planar = g("Mul", planar, speed)

    turned = g("Add", g.slice("state", 1, 2, 3), g("Mul", g.slice(action, 1, 2, 3), f32(t.turn)))
    turns = g("Floor", g("Div", g("Add", turned, f32(math.pi)), f32(2 * math.pi)))
    heading = g("Sub", turned, g("Mul", turns, f32(2 * math.pi)))

    phases = np.zeros(VECTOR, np.float32)
    phases[:4] = QUARTER, 2 * QUARTER, 0, QUARTER  # cos, -sin; sin, cos
    rotation = g.reshape(g.slice(g("Sin", g("Add", heading, phases)), 1, 0, 4), -1, 2, 2)
    wish = g("ReduceSum", g("Mul", rotation, g("Unsqueeze", planar, np.array([1]))), np.array([2]), keepdims=0)
    here = g("Min", g("Relu", g.slice("state", 1, 0, 2)), arr(t.size))
    push = _push(g, t, g("Add", here, wish))
    moving = g("Sign", g("ReduceL1", wish, np.array([1])))
    place = g("Add", here, g("Mul", moving, g("Add", wish, push)))
    return g("Concat", place, heading, axis=1, name="next_state")


def _push(g: Graph, t: Transition, point: str) -> str:
    """`Transition.push`: [B, 2]."""
    octaves = len(t.octaves)
    used = 4 * octaves
    pick = np.zeros(2 * VECTOR, np.int64)
    octave, phase = np.zeros(2 * VECTOR), np.zeros(2 * VECTOR)
    pick[:used] = np.repeat([0, 1, 0, 1], octaves)
    octave[:used] = np.tile(arr(t.octaves), 4)
    phase[used // 2 : used] = QUARTER
    waves = g("Sin", g("Add", g("Mul", g("Gather", point, pick, axis=1), octave), phase))
    first, *rest = [layer for layer in t.field if isinstance(layer, nn.Linear)]
    weight = arr(first.weight)
    unused = np.zeros((len(weight), 2 * VECTOR - used))
    weight = np.concatenate([weight[:, :2] * 2 / arr(t.size), weight[:, 2:], unused], 1)
    bias = arr(first.bias) - arr(first.weight)[:, :2].sum(1)
    x = g("Concat", point, waves, axis=1)
    x = g.reshape(g("Concat", x, x, axis=1), -1, 2 + 2 * VECTOR)  # each twice: runtimes multiply a single row another way
    x = g("Gemm", x, np.ascontiguousarray(weight.T), bias)
    for layer in rest:
        x = g("Gemm", g("Relu", x), np.ascontiguousarray(arr(layer.weight).T), arr(layer.bias))
    raw = g.slice(g.reshape(x, -1, 4), 1, 0, 2)
    return g("Mul", g("Shrink", raw, lambd=DEAD_ZONE, bias=DEAD_ZONE), f32(0.1))
