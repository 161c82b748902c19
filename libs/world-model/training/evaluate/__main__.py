"""python -m evaluate --model ../models/gallery/gallery.onnx  prints one JSON object: {"model": ..., "figures": {...}}."""

import argparse
import json
from pathlib import Path

from . import gallery
from .model import OnnxModel

MODELS = Path(__file__).resolve().parents[2] / "models"


def main() -> None:
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=MODELS / "gallery" / "gallery.onnx")
    parser.add_argument("--no-step-ms", action="store_true", help="leave out the step times")
    options = parser.parse_args()
    report = gallery.evaluate(OnnxModel(options.model), step_ms=not options.no_step_ms)
    print(json.dumps({"model": "gallery", "figures": {k: round(v, 4) for k, v in report.figures.items()}}, indent=1))


if __name__ == "__main__":
    main()
