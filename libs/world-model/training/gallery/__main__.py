"""python -m gallery: render, fit, export, evaluate, write the card. Run it again after a kill: it goes on."""

import argparse
import datetime
import os
from pathlib import Path

import torch

from card import gallery_card, manifest
from evaluate import gallery as figures
from fitting import torch_program
from world.the_gallery import gallery

from . import data, fit_transition, fit_view
from .export import Step, export

HERE = Path(__file__).resolve().parents[1]
VERSION = "1.1.0"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gallery", description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE.parents[2] / ".meridian" / "training" / "gallery")
    parser.add_argument("--out", type=Path, default=HERE.parent / "models" / "gallery")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shards", type=int, default=32, help="of 131,072 image columns each (31 MB)")
    parser.add_argument("--transition-steps", type=int, default=8_000)
    parser.add_argument("--sight-steps", type=int, default=2_500)
    parser.add_argument("--colour-steps", type=int, default=8_000)
    parser.add_argument("--together-steps", type=int, default=4_400)
    parser.add_argument("--polish-steps", type=int, default=7_000)
    parser.add_argument("--integers-steps", type=int, default=1_600)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--evaluate-only", action="store_true", help="figures and card of the exported file as it is")
    return parser.parse_args()


def main() -> None:
    o = options()
    o.work.mkdir(parents=True, exist_ok=True)
    o.out.mkdir(parents=True, exist_ok=True)
    file = o.out / "gallery.onnx"
    if not o.evaluate_only:
        train(o, file)
    report = figures.evaluate_file(file, step_ms=True)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    manifest.write(o.out, VERSION, gallery().spawns, report.figures, today)
    gallery_card.write(o.out, VERSION, report, today)


def train(o: argparse.Namespace, file: Path) -> None:
    """From nothing, or from whatever an earlier run left in `o.work`, to the ONNX file."""
    place, device = gallery(), "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(o.cores)
    data.render_all(o.work / "data", o.shards, o.seed, o.cores)
    transition = fit_transition.fit(place, o.work / "transition.pt", o.transition_steps, o.seed)
    columns = data.load(o.work / "data", o.shards)
    steps = (o.sight_steps, o.colour_steps, o.together_steps, o.polish_steps, o.integers_steps)
    view = fit_view.fit(place, columns, o.work / "view.pt", steps, o.seed, device)
    export(transition, view, file)
    torch_program.write(Step(transition, view), torch.zeros(1, 3), file.with_suffix(".pt2"))


if __name__ == "__main__":
    main()
