"""What a user does, as the numbers a model reads.

A named axis wins over buttons; buttons serve keyboards, where two opposite keys cancel out. What a model does not read is
ignored; an action that is not well formed is refused with the field that is wrong.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meridian_worker.protocol import Action
from meridian_worker.refusal import Refusal

ActionValues = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Input:
    least: float
    most: float
    # What each button adds.
    buttons: Mapping[str, float]


# Positive is forward, right, a turn to the right. Sprint runs from walking (0) to full (1).
INPUTS = {
    "forward": _Input(-1, 1, {"forward": 1, "back": -1}),
    "strafe": _Input(-1, 1, {"right": 1, "left": -1}),
    "yaw": _Input(-1, 1, {"turn-right": 1, "turn-left": -1}),
    "sprint": _Input(0, 1, {"sprint": 1}),
}
BUTTONS_MAX = AXES_MAX = 32
NAME_BYTES_MAX = 32
TEXT_BYTES_MAX = 4_096


def read_action(action: Action, inputs: Sequence[str]) -> ActionValues | Refusal:
    """One value for each of a model's `inputs`, in their order, clamped to the input's range."""
    wrong = _what_is_wrong(action)
    if wrong is not None:
        return Refusal("INVALID_ARGUMENT", "malformed_action", wrong)
    return np.array([_value_of(name, action) for name in inputs], np.float32)


def _value_of(name: str, action: Action) -> float:
    known = INPUTS.get(name) or _Input(-1, 1, {name: 1})
    if name in action.axes:
        value = action.axes[name]
    else:
        value = sum(known.buttons.get(button, 0.0) for button in set(action.buttons))
    return min(known.most, max(known.least, value))


def _what_is_wrong(action: Action) -> str | None:
    if len(action.buttons) > BUTTONS_MAX:
        return f"buttons: At most {BUTTONS_MAX} buttons."
    for i, button in enumerate(action.buttons):
        if len(button.encode()) > NAME_BYTES_MAX:
            return f"buttons[{i}]: A button's name has at most {NAME_BYTES_MAX} bytes."
    if len(action.axes) > AXES_MAX:
        return f"axes: At most {AXES_MAX} axes."
    for name, value in action.axes.items():
        if len(name.encode()) > NAME_BYTES_MAX:
            return f"axes: An axis's name has at most {NAME_BYTES_MAX} bytes."
        if not math.isfinite(value) or abs(value) > 1:
            return f"axes.{name}: An axis is a number from -1 to 1, not {value}."
    if len(action.text.encode()) > TEXT_BYTES_MAX:
        return f"text: Text has at most {TEXT_BYTES_MAX} bytes."
    return None
