"""python -m dream --recipe full|plain|...: render clips, fit, export, print figures as JSON. Run it again after a kill: it goes on."""

import argparse
import json
import os
from pathlib import Path

import torch

from evaluate import dream as figures
from evaluate.model import OnnxModel

from . import data, fit
from .export import export

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="dream", description=__doc__)
    parser.add_argument("--recipe", choices=fit.RECIPES, default="full")
    parser.add_argument("--work", type=Path, default=HERE.parents[2] / ".meridian" / "training" / "dream")
    parser.add_argument("--steps", type=int, default=3_000, help="of 16 frames each, over all stages")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--broad-shards", type=int, default=100, help="of 8 clips of 16 frames, a place each")
    parser.add_argument("--narrow-shards", type=int, default=40, help="of 8 clips of 32 frames")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    o = parser.parse_args()
    torch.set_num_threads(o.cores)
    clips, folder = {}, o.work / "data"
    for kind, shards, frames in (("broad", o.broad_shards, 16), ("narrow", o.narrow_shards, 32)):
        data.render_all(folder, kind, shards, frames, o.cores)
        clips[kind] = data.load(folder, kind, shards)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = fit.fit(fit.RECIPES[o.recipe], clips, o.work / f"{o.recipe}.pt", o.steps, o.seed, device)
    file = o.work / f"{o.recipe}.onnx"
    export(net, file)
    report = figures.evaluate(OnnxModel(file))
    result = {"recipe": o.recipe, "steps": o.steps, "figures": {k: round(v, 4) for k, v in report.figures.items()}}
    (o.work / f"{o.recipe}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
