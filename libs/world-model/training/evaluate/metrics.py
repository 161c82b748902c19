"""How near a frame is to the truth. Frames are uint8 [N, 72, 128, 3]; every measure gives [N]."""

import numpy as np

PSNR_MAX_DB = 60.0  # for identical frames


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Peak signal to noise in dB over all pixels and channels of a frame."""
    error = np.square(a.astype(np.float64) - b).mean(axis=(1, 2, 3)) / 255**2
    return np.minimum(-10 * np.log10(np.maximum(error, 1e-12)), PSNR_MAX_DB)


def sharpness(frames: np.ndarray) -> np.ndarray:
    """Mean absolute difference of horizontal neighbours: what blur takes away and noise adds."""
    return np.abs(np.diff(frames.astype(np.float64), axis=2)).mean(axis=(1, 2, 3))


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of luma, 11-pixel Gaussian window of 1.5 (Wang et al. 2004)."""
    luma = np.array([0.299, 0.587, 0.114])
    x, y = a @ luma, b @ luma
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = _blur(x), _blur(y)
    xx, yy, xy = _blur(x * x) - mx * mx, _blur(y * y) - my * my, _blur(x * y) - mx * my
    score = (2 * mx * my + c1) * (2 * xy + c2) / ((mx * mx + my * my + c1) * (xx + yy + c2))
    return score.mean(axis=(1, 2))


def _blur(planes: np.ndarray) -> np.ndarray:
    """Separable Gaussian over [N, H, W], valid part only."""
    offsets = np.arange(-5, 6)
    kernel = np.exp(-(offsets**2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    for axis in (1, 2):
        length = planes.shape[axis] - 10
        planes = sum(k * np.take(planes, range(i, i + length), axis) for i, k in enumerate(kernel))
    return planes
