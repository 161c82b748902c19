"""The figures of `dream` on held-out walks: free run on its own frames from four true ones, against the truth's next frames.

It is not told where the frames were seen from. Beside it on the same walks: the same, told; with the worker's re-anchoring; the plain
baseline; and the last true frame held still.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from world import walks
from world.render import Renderer
from world.the_gallery import gallery

from . import metrics, state
from .gallery import CURVE, HELD_OUT_SEED, HORIZONS, OUT_FRAMES, TURN_FRAMES
from .model import OnnxModel
from .reanchor import Policy, Reanchor
from .report import Report
from .state import CONTEXT

WALKS, RETURNS = 96, 24  # by 24 walks alone, two models that differ by a decibel cannot be told apart
FPS = 25
PLAIN = Path(__file__).resolve().parents[1] / "baselines" / "dream-plain.onnx"


@dataclass(frozen=True)
class Truth:
    """Held-out walks: true context [N, 4, 72, 128, 3] and the pose of its last frame [N, 3], what is pressed after it [N, 256, 4], true
    frames at each horizon.
    """

    context: np.ndarray
    pose: np.ndarray
    pressed: np.ndarray
    at: dict[int, np.ndarray]


def evaluate_file(path: Path, step_ms: bool) -> Report:
    """All figures, with the policy and anchors beside the file; about a quarter of an hour on one core."""
    model, plain, policy = OnnxModel(path), OnnxModel(PLAIN), Policy.load(path.parent)
    renderer, report = Renderer(gallery()), Report()
    true = truth(renderer)
    shown = free_run(model, true, "dream", report)
    _score({t: true.context[:, -1] for t in CURVE}, true, "copy", report)
    plainly = free_run(plain, true, "plain", report)
    for t in (64, 256):
        gain = metrics.psnr(shown[t], true.at[t]) - metrics.psnr(plainly[t], true.at[t])
        report.figures |= {f"dream_gain_{t}_db": float(gain.mean()), f"dream_gain_{t}_db_se": float(gain.std(ddof=1) / len(gain) ** 0.5)}
    _score(_rolled(model, true, state.start(true.context, true.pose)), true, "dream_told", report)
    _reanchored(model, policy, true, "dream_reanchored", report)
    _there_and_back(model, renderer, report)
    _idle(model, true, report)
    if step_ms:
        report.figures |= {f"dream_step_{unit}": ms for unit, ms in model.step_ms(state.start(true.context[:1])[0]).items()}
    picked = (1, 8, 16, 32, 64, 256)
    report.sheet = [(f"walk {w}", np.stack([kind[t][w] for t in picked])) for w in range(5) for kind in (true.at, shown)]
    return report


def truth(renderer: Renderer) -> Truth:
    rng = np.random.default_rng(HELD_OUT_SEED)
    start = walks.starts(renderer.place, WALKS, rng)
    pressed = walks.actions(WALKS, CONTEXT - 1 + max(HORIZONS), rng)
    poses = walks.walk(renderer.place, start, pressed)
    context = np.stack([renderer.frames(poses[:, t]) for t in range(CONTEXT)], 1)
    return Truth(context, poses[:, CONTEXT - 1], pressed[:, CONTEXT - 1 :], {t: renderer.frames(poses[:, CONTEXT - 1 + t]) for t in CURVE})


def free_run(model: OnnxModel, true: Truth, name: str, report: Report) -> dict[int, np.ndarray]:
    """Figures under `name`; the frames shown at each horizon."""
    shown = _rolled(model, true, state.start(true.context))
    _score(shown, true, name, report)
    return shown


def _rolled(model: OnnxModel, true: Truth, begin: np.ndarray) -> dict[int, np.ndarray]:
    return model.roll(begin, true.pressed, set(CURVE), keep_states=False)[0]


def _score(shown: dict[int, np.ndarray], true: Truth, name: str, report: Report) -> None:
    curve = {t: float(metrics.psnr(shown[t], true.at[t]).mean()) for t in CURVE}
    report.curves[name] = curve
    for t in HORIZONS:
        ratio = metrics.sharpness(shown[t]).mean() / metrics.sharpness(true.at[t]).mean()
        report.figures |= {f"{name}_psnr_{t}": curve[t], f"{name}_sharpness_{t}": float(ratio)}
        report.figures[f"{name}_ssim_{t}"] = float(metrics.ssim(shown[t], true.at[t]).mean())


def _reanchored(model: OnnxModel, policy: Policy, true: Truth, name: str, report: Report) -> None:
    """As the worker runs it: the policy between steps."""
    sessions = [Reanchor(policy) for _ in range(WALKS)]
    now, shown = state.start(true.context), {}
    for t in range(max(HORIZONS)):
        after, frame = model.step(now, true.pressed[:, t])
        kept = [s.after(*parts) for s, *parts in zip(sessions, true.pressed[:, t], after, frame, strict=True)]
        now = np.stack([kept_state for kept_state, _ in kept])
        if t + 1 in CURVE:
            shown[t + 1] = np.stack([kept_frame for _, kept_frame in kept])
    _score(shown, true, name, report)
    report.figures[f"{name}_pulls_a_minute"] = sum(s.pulls for s in sessions) / WALKS / max(HORIZONS) * FPS * 60


def _there_and_back(model: OnnxModel, renderer: Renderer, report: Report) -> None:
    """Turn once around and back; walk out and back. From standing still; scored at the end against the truth there."""
    start = walks.starts(renderer.place, RETURNS, np.random.default_rng(HELD_OUT_SEED + 2))
    standing = state.start(np.repeat(renderer.frames(start)[:, None], CONTEXT, 1))
    for name, axis, frames in (("dream_spin_psnr", 2, TURN_FRAMES), ("dream_forward_back_psnr", 0, OUT_FRAMES)):
        pressed = np.zeros((RETURNS, 2 * frames, 4), np.float32)
        pressed[:, :frames, axis], pressed[:, frames:, axis] = 1, -1
        end = walks.walk(renderer.place, start, pressed)[:, -1]
        shown, _ = model.roll(standing, pressed, {2 * frames}, keep_states=False)
        report.figures[name] = float(metrics.psnr(shown[2 * frames], renderer.frames(end)).mean())


def _idle(model: OnnxModel, true: Truth, report: Report) -> None:
    """1 where 100 idle frames are the last one to the bit, and leave what is believed as it is, in the middle of a walk too."""
    now, still, same = state.start(true.context[:4]), np.zeros((4, 4), np.float32), True
    for t in range(2):
        before, believed = state.last_frame(now), now[:, -state.POSE_BYTES :]
        for _ in range(100):
            now, frame = model.step(now, still)
            same = same and np.array_equal(frame.reshape(4, -1), before) and np.array_equal(now[:, -state.POSE_BYTES :], believed)
        now, _ = model.step(now, true.pressed[:4, t])
    report.figures["dream_idle_identical"] = float(same)
