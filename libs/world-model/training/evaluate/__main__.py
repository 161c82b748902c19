"""python -m evaluate --model ../models/gallery/gallery.onnx  prints one JSON object: {"model": ..., "figures": {...}}."""

import argparse
import json
from pathlib import Path

from . import dream, gallery
from .report import Report

MODELS = Path(__file__).resolve().parents[2] / "models"
EVALUATIONS = {"gallery": gallery, "dream": dream}


def main() -> None:
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=MODELS / "gallery" / "gallery.onnx")
    parser.add_argument("--no-step-ms", action="store_true", help="leave out the step times")
    parser.add_argument("--pictures", type=Path, help="folder for MODEL-sheet.png and MODEL-drift.png")
    options = parser.parse_args()
    name = json.loads((options.model.parent / "model.json").read_text())["model"]
    report = EVALUATIONS[name].evaluate_file(options.model, not options.no_step_ms)
    if options.pictures:
        draw(options.pictures, name, report)
    print(json.dumps({"model": name, "figures": {k: round(v, 4) for k, v in report.figures.items()}}, indent=1))


def draw(folder: Path, name: str, report: Report) -> None:
    from card import pictures  # Pillow is needed for pictures alone

    folder.mkdir(parents=True, exist_ok=True)
    pictures.contact_sheet(folder / f"{name}-sheet.png", report.sheet)
    pictures.drift_plot(folder / f"{name}-drift.png", report.curves)


if __name__ == "__main__":
    main()
