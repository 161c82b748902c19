"""The figures of `dream` on held-out walks: free run on its own frames from four true ones, against the truth's next frames."""

import numpy as np

from world import walks
from world.render import Renderer
from world.the_gallery import gallery

from . import metrics
from .gallery import CURVE, HELD_OUT_SEED, HORIZONS, Report
from .model import OnnxModel

WALKS, CONTEXT = 48, 4


def evaluate(model: OnnxModel, name: str = "dream", step_ms: bool = True) -> Report:
    """Walks of 4 + 256 frames in the gallery; `name` goes in front of each figure, so that ablations tell apart."""
    place = gallery()
    renderer = Renderer(place)
    rng = np.random.default_rng(HELD_OUT_SEED)
    start, pressed = walks.starts(place, WALKS, rng), walks.actions(WALKS, CONTEXT - 1 + max(HORIZONS), rng)
    truth = walks.walk(place, start, pressed)
    context = np.stack([renderer.frames(truth[:, t]) for t in range(CONTEXT)], 1)
    frames, _ = model.roll(context.reshape(WALKS, -1), pressed[:, CONTEXT - 1 :], set(CURVE), keep_states=False)
    figures, curve, shown = {}, {}, {}
    for t in CURVE:
        true = renderer.frames(truth[:, CONTEXT - 1 + t])
        shown[t] = (true, frames[t])
        ours, copied = metrics.psnr(frames[t], true), metrics.psnr(context[:, -1], true)
        ratio = float(metrics.sharpness(frames[t]).mean() / metrics.sharpness(true).mean())
        curve[t] = (float(ours.mean()), float(copied.mean()), ratio)
        if t in HORIZONS:
            figures |= {f"{name}_psnr_{t}": curve[t][0], f"{name}_sharpness_{t}": ratio}
    figures[f"{name}_ssim_64"] = float(metrics.ssim(shown[64][1], shown[64][0]).mean())
    if step_ms:
        took = model.step_ms(context[0].reshape(-1))
        figures |= {f"{name}_step_{unit}": value for unit, value in took.items()}
    picked = (1, 8, 16, 32, 64)
    sheet = [(f"walk {w}", np.stack([shown[t][kind][w] for t in picked])) for w in range(4) for kind in (0, 1)]
    return Report(figures, curve, sheet)
