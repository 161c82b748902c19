"""python -m dream: render, fit, export, evaluate, write the card. Run it again after a kill: it goes on.

With --recipe NAME that one alone is fitted, into the work folder, and its figures are printed: so the ablations were made.
"""

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

from card import dream_card
from evaluate import dream as figures
from evaluate.model import OnnxModel
from evaluate.report import Report
from evaluate.state import pose_bytes
from fitting import torch_program
from gallery import fit_transition
from world.render import Renderer
from world.the_gallery import gallery

from . import anchors, data, fit, fit_recall
from .export import STATE_BYTES, Step, export
from .net import Dream, Recall

HERE = Path(__file__).resolve().parents[1]
VERSION = "1.1.0"
BASELINES = HERE / "baselines"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dream", description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE.parents[2] / ".meridian" / "training" / "dream")
    parser.add_argument("--out", type=Path, default=HERE.parent / "models" / "dream")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--transition-steps", type=int, default=8_000)
    parser.add_argument("--painter-steps", type=int, default=7_000, help="of 32 frames each")
    parser.add_argument("--locator-steps", type=int, default=15_000, help="of 64 frames each")
    parser.add_argument("--steps", type=int, default=6_500, help="of 16 frames each, of the U-Net, over its stages")
    parser.add_argument("--recipe", choices=fit.RECIPES, help="this one alone, to compare; nothing is shipped")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--evaluate-only", action="store_true", help="figures and card of the exported files as they are")
    return parser.parse_args()


def main() -> None:
    o = options()
    torch.set_num_threads(o.cores)
    if o.recipe:
        return compare(o)
    o.out.mkdir(parents=True, exist_ok=True)
    if not o.evaluate_only:
        ship(o)
    report = figures.evaluate_file(o.out / "dream.onnx", step_ms=True)
    dream_card.write(o.out, report, datetime.datetime.now(datetime.UTC).date().isoformat(), BASELINES / "dream-ablations.json")


def ship(o: argparse.Namespace) -> None:
    """From nothing, or from whatever an earlier run left in `o.work`, to the files of a worker and the plain baseline."""
    export(train(o, "plain"), BASELINES / "dream-plain.onnx")
    net = train(o, "full")
    export(net, o.out / "dream.onnx")
    torch_program.write(Step(net), torch.zeros(1, STATE_BYTES, dtype=torch.uint8), o.out / "dream.pt2")
    renderer = Renderer(gallery())
    poses = anchors.choose(renderer, o.seed)
    records = np.concatenate([renderer.frames(poses).reshape(len(poses), -1), pose_bytes(poses)], 1)
    flat = anchors.min_sharpness(data.load(o.work / "data", "narrow"))
    dream_card.write_anchors(o.out, VERSION, records, len(gallery().spawns), flat)


def compare(o: argparse.Namespace) -> None:
    """One recipe at --steps, scored on the held-out walks."""
    name = f"{o.recipe}-{o.steps}"
    file, report = o.work / f"{name}.onnx", Report()
    export(train(o, o.recipe, name), file)
    figures.free_run(OnnxModel(file), figures.truth(Renderer(gallery())), o.recipe, report)
    rounded = {key: round(value, 4) for key, value in report.figures.items()}
    print(json.dumps({"recipe": o.recipe, "steps": o.steps, "figures": rounded}, indent=1))


def log(line: str) -> None:
    """Progress is no result: those alone go to standard output."""
    print(line, file=sys.stderr, flush=True)


def train(o: argparse.Namespace, recipe: str, name: str = "") -> Dream:
    """A recipe's network; recall's parts are fitted once and shared by the recipes that want them."""
    o.work.mkdir(parents=True, exist_ok=True)
    data.render_all(o.work / "data", o.cores)
    clips = {kind: data.load(o.work / "data", kind) for kind in ("broad", "narrow")}
    place, device = gallery(), "cuda" if torch.cuda.is_available() else "cpu"
    recall = Recall(place.size, fit.RECIPES[recipe].pose)
    if fit.RECIPES[recipe].recall:
        seen = data.all_views(data.load(o.work / "data", "views"), clips["narrow"])
        shared = o.work.parent / "gallery" / "transition.pt"  # the one that `gallery` moves by
        shared.parent.mkdir(exist_ok=True)
        recall.transition = fit_transition.fit(place, shared, o.transition_steps, o.seed, log)
        recall.painter = fit_recall.fit_painter(seen, place.size, o.work / "painter.pt", o.painter_steps, o.seed, device, log)
        locator = o.work / "locator.pt"
        recall.locator = fit_recall.fit_locator(seen, recall.painter, place.size, locator, o.locator_steps, o.seed, device, log)
    return fit.fit(fit.RECIPES[recipe], clips, recall, o.work / f"{name or recipe}.pt", o.steps, o.seed, device, log)


if __name__ == "__main__":
    main()
