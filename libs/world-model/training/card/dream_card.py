"""What lies beside dream.onnx: anchors.bin, model.json, CARD.md and its two pictures."""

import json
from pathlib import Path

import numpy as np

from evaluate.report import Report

from .manifest import sha256, write_whole
from .pictures import contact_sheet, drift_plot

TEMPLATE = (Path(__file__).parent / "dream_card.md").read_text()
LINES = {"dream": "dream", "dream_told": "told its pose", "dream_reanchored": "re-anchored", "plain": "plain", "copy": "copy"}
HORIZONS = (1, 8, 16, 32, 64, 128, 256)
LAYOUT = (
    ("frames", 110_592, "the last four frames shown, oldest first: 72 rows of 128 pixels of R, G and B each"),
    ("pose", 9, "where it believes to stand: x and y in 2^-18 m, heading in 2^-21 rad from -4 rad on, 24 bits each, low byte first; nine zeros: not known"),
)
RULES = {"patienceFrames": 50, "cooldownFrames": 250, "fadeFrames": 8}


def write_anchors(folder: Path, version: str, anchors: np.ndarray, initial: int, min_sharpness: float) -> None:
    """anchors.bin (uint8 [N, 27657], each a frame and the pose it was seen from), and a model.json without figures."""
    layout = [{"name": name, "bytes": size, "meaning": meaning} for name, size, meaning in LAYOUT]
    state_bytes = sum(size for _, size, _ in LAYOUT)
    (folder / "anchors.bin").write_bytes(anchors.tobytes())
    content = {
        "model": "dream",
        "version": version,
        "kind": "pixel-autoregressive",
        "file": "dream.onnx",
        "sha256": sha256(folder / "dream.onnx"),
        "torch": {"file": "dream.pt2", "sha256": sha256(folder / "dream.pt2")},
        "fps": 25,
        "frame": {"width": 128, "height": 72, "channels": 3},
        "actions": ["forward", "strafe", "yaw", "sprint"],
        "state": {"dtype": "uint8", "shape": [state_bytes], "bytes": state_bytes, "layout": layout},
        "anchors": {"file": "anchors.bin", "sha256": sha256(folder / "anchors.bin"), "count": len(anchors), "initial": initial},
        "reanchor": {"minSharpness": min_sharpness} | RULES,
        "license": "Apache-2.0",
    }
    write_whole(folder / "model.json", content)


def write(folder: Path, report: Report, trained_at: str, ablations: Path) -> None:
    """The pictures, the figures in model.json, and CARD.md."""
    manifest = json.loads((folder / "model.json").read_text())
    manifest |= {"trainedAt": trained_at, "figures": {name: round(value, 4) for name, value in report.figures.items()}}
    write_whole(folder / "model.json", manifest)
    contact_sheet(folder / "contact-sheet.png", report.sheet)
    write_text(folder, ablations)


def write_text(folder: Path, ablations: Path) -> None:
    """CARD.md and the drift plot, from the figures in model.json and of the ablations."""
    manifest = json.loads((folder / "model.json").read_text())
    figures = manifest["figures"]
    drift_plot(folder / "drift.png", {label: {t: figures[f"{name}_psnr_{t}"] for t in HORIZONS} for name, label in LINES.items()})
    curves = tuple(f"{name}_{what}_" for name in LINES for what in ("psnr", "ssim", "sharpness"))
    rest = [f"| `{name}` | {value:.4g} |" for name, value in sorted(figures.items()) if not name.startswith((*curves, "plain_"))]
    fields = {
        "VERSION": manifest["version"],
        "TRAINED_AT": manifest["trainedAt"],
        "SIZE_KB": str((folder / "dream.onnx").stat().st_size // 1000),
        "CURVES": _curves({LINES[name]: _row(figures, name) for name in LINES}),
        "FIGURES": "\n".join(rest),
        "ABLATIONS": _ablations(json.loads(ablations.read_text())),
        "MIN_SHARPNESS": f"{manifest['reanchor']['minSharpness']:.2g}",
    }
    text = TEMPLATE
    for name, value in fields.items():
        text = text.replace(f"@{name}@", value)
    (folder / "CARD.md").write_text(text)


def _row(figures: dict[str, float], name: str) -> list[str]:
    return [f"{figures[f'{name}_psnr_{t}']:.1f} ({figures[f'{name}_sharpness_{t}']:.2f})" for t in HORIZONS]


def _curves(rows: dict[str, list[str]]) -> str:
    head = "| | " + " | ".join(map(str, HORIZONS)) + " |\n|" + "---|" * (len(HORIZONS) + 1)
    return "\n".join([head, *(f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items())])


def _ablations(runs: list[dict]) -> str:
    """runs: what `python -m dream --recipe NAME --steps N` printed, one after the other."""
    return _curves({f"{run['recipe']}, {run['steps']} steps": _row(run["figures"], run["recipe"]) for run in runs})
