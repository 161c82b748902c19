"""The figures of `gallery` on held-out walks: free run from the true start, on the model's own state.

What the truth renderer shows at the true pose is compared with what the model shows at the pose it believes in.
"""

from pathlib import Path

import numpy as np

from world import walks
from world.render import Renderer
from world.the_gallery import gallery

from . import metrics, roaming
from .model import OnnxModel
from .report import Report

HELD_OUT_SEED = 9_000_000
WALKS, LONG_WALKS, LONG_FRAMES, LONG_EVERY = 48, 12, 3000, 50
HORIZONS = (1, 8, 16, 32, 64, 128, 256)
ROAM_HORIZONS = (1, 64, 256)
CURVE = tuple(sorted({*HORIZONS, 2, 4, 12, 24, 48, 96, 192}))
TURN_FRAMES = 75  # 360 degrees at 4.8 a frame
OUT_FRAMES = 25


def evaluate_file(path: Path, step_ms: bool) -> Report:
    """All figures; about four minutes on one core."""
    model, place, report = OnnxModel(path), gallery(), Report()
    renderer = Renderer(place)
    _walks(model, place, renderer, report)
    _roaming(model, place, renderer, report.figures)
    _long_run(model, place, renderer, report.figures)
    _there_and_back(model, place, renderer, report.figures)
    _idle(model, place, report.figures)
    if step_ms:
        took = model.step_ms(np.array(place.spawns[0], np.float32))
        report.figures |= {f"gallery_step_{name}": value for name, value in took.items()}
    return report


def _walks(model, place, renderer, report):
    """Visitors as training knows them. Most stand at a wall in the end, which flatters late frames: see `_roaming`."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    start, pressed = walks.starts(place, WALKS, rng), walks.actions(WALKS, max(HORIZONS), rng)
    truth = walks.walk(place, start, pressed)
    frames, states = model.roll(start.astype(np.float32), pressed, set(CURVE))
    true = {t: renderer.frames(truth[:, t]) for t in CURVE}
    copied = dict.fromkeys(CURVE, renderer.frames(start))
    report.figures |= scores("gallery", frames, true, HORIZONS) | scores("copy", copied, true, HORIZONS)
    report.figures["gallery_psnr_64_p10"] = float(np.percentile(metrics.psnr(frames[64], true[64]), 10))
    off = np.hypot(*(states[:, -1, :2] - truth[:, -1, :2]).T)
    report.figures["gallery_position_error_256_p90_m"] = float(np.percentile(off, 90))
    for name, shown in (("gallery", frames), ("copy last frame", copied)):
        report.curves[name] = {t: float(metrics.psnr(shown[t], true[t]).mean()) for t in CURVE}
    picked = (1, 16, 64, 128, 256)
    report.sheet = [(f"walk {w}", np.stack([kind[t][w] for t in picked])) for w in range(4) for kind in (true, frames)]


def _roaming(model, place, renderer, figures):
    rng = np.random.default_rng(HELD_OUT_SEED + 3)
    start = roaming.starts(place, WALKS, rng)
    pressed, truth = roaming.roam(place, start, max(HORIZONS), rng)
    frames, _ = model.roll(start.astype(np.float32), pressed, set(ROAM_HORIZONS))
    figures |= scores("gallery_roam", frames, {t: renderer.frames(truth[:, t]) for t in ROAM_HORIZONS}, ROAM_HORIZONS)


def scores(name: str, frames: dict[int, np.ndarray], true: dict[int, np.ndarray], horizons) -> dict[str, float]:
    """PSNR, SSIM and sharpness ratio of frames against the truth at each horizon, as figures of `name`."""
    found = {}
    for t in horizons:
        found[f"{name}_psnr_{t}"] = float(metrics.psnr(frames[t], true[t]).mean())
        found[f"{name}_ssim_{t}"] = float(metrics.ssim(frames[t], true[t]).mean())
        ratio = metrics.sharpness(frames[t]).mean() / metrics.sharpness(true[t]).mean()
        found[f"{name}_sharpness_{t}"] = float(ratio)
    return found


def _long_run(model, place, renderer, figures):
    rng = np.random.default_rng(HELD_OUT_SEED + 1)
    start, pressed = walks.starts(place, LONG_WALKS, rng), walks.actions(LONG_WALKS, LONG_FRAMES, rng)
    truth = walks.walk(place, start, pressed)
    looks = range(LONG_EVERY, LONG_FRAMES + 1, LONG_EVERY)
    frames, states = model.roll(start.astype(np.float32), pressed, set(looks))
    scores = np.array([metrics.psnr(frames[t], renderer.frames(truth[:, t])) for t in looks])
    off = np.hypot(*(states[:, -1, :2] - truth[:, -1, :2]).T)
    figures["gallery_psnr_3000_median"] = float(np.median(scores))
    figures["gallery_psnr_3000_last_median"] = float(np.median(scores[-1]))
    figures["gallery_position_error_3000_median_m"] = float(np.median(off))
    figures["gallery_position_error_3000_max_m"] = float(off.max())


def _there_and_back(model, place, renderer, figures):
    """Turn once around and back; walk out and back. Scored at the end against the truth there."""
    start = walks.starts(place, WALKS, np.random.default_rng(HELD_OUT_SEED + 2))
    for name, axis, frames in (("gallery_spin_psnr", 2, TURN_FRAMES), ("gallery_forward_back_psnr", 0, OUT_FRAMES)):
        pressed = np.zeros((WALKS, 2 * frames, 4), np.float32)
        pressed[:, :frames, axis], pressed[:, frames:, axis] = 1, -1
        truth = walks.walk(place, start, pressed)[:, -1]
        shown, _ = model.roll(start.astype(np.float32), pressed, {2 * frames})
        figures[name] = float(metrics.psnr(shown[2 * frames], renderer.frames(truth)).mean())


def _idle(model, place, figures):
    """1 where every frame of 100 idle ones is the same to the bit, for every spawn and after a stop at a wall."""
    state = np.array(place.spawns, np.float32)
    still, ahead = np.zeros((len(state), 4), np.float32), np.tile(np.float32([1, 0, 0, 1]), (len(state), 1))
    same = True
    for _ in range(2):
        state, first = model.step(state, still)
        for _ in range(100):
            state, frame = model.step(state, still)
            same = same and np.array_equal(frame, first)
        for _ in range(120):  # until something stops us
            state, _ = model.step(state, ahead)
    figures["gallery_idle_identical"] = float(same)
