"""The camera: a pinhole of 74 degrees, 128 x 72 pixels, eye at 1.3 m, always level."""

import numpy as np

FRAME_WIDTH, FRAME_HEIGHT = 128, 72
TAN_HALF_FOV = float(np.tan(np.radians(37.0)))
TAN_HALF_FOV_V = TAN_HALF_FOV * FRAME_HEIGHT / FRAME_WIDTH


def column_slopes(offset_px: float = 0.0) -> np.ndarray:
    """Tangent of each column's angle to the right of the view axis: [128]. `offset_px` moves the sample sideways."""
    px = np.arange(FRAME_WIDTH) + 0.5 + offset_px
    return (px / FRAME_WIDTH * 2 - 1) * TAN_HALF_FOV


def row_slopes(offset_px: float = 0.0) -> np.ndarray:
    """Tangent of each row's angle below the horizon: [72], negative above it."""
    px = np.arange(FRAME_HEIGHT) + 0.5 + offset_px
    return (px / FRAME_HEIGHT * 2 - 1) * TAN_HALF_FOV_V
