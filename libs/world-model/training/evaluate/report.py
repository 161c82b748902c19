"""What an evaluation gives."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Report:
    """figures: name -> value. curves: what ran -> frames of free run -> dB. Sheet rows: (label, frames)."""

    figures: dict[str, float] = field(default_factory=dict)
    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    sheet: list[tuple[str, np.ndarray]] = field(default_factory=list)
