"""model.json: what a worker needs to know to serve the file beside it."""

import hashlib
import json
import os
from pathlib import Path


def write(folder: Path, version: str, spawns, figures: dict[str, float], trained_at: str) -> None:
    """Write `folder`/model.json, whole or not at all."""
    content = {
        "model": "gallery",
        "version": version,
        "kind": "state-space",
        "file": "gallery.onnx",
        "sha256": sha256(folder / "gallery.onnx"),
        "torch": {"file": "gallery.pt2", "sha256": sha256(folder / "gallery.pt2")},
        "fps": 25,
        "frame": {"width": 128, "height": 72, "channels": 3},
        "actions": ["forward", "strafe", "yaw", "sprint"],
        "state": {"dtype": "float32", "shape": [3], "bytes": 12},
        "initialStates": [list(spawn) for spawn in spawns],
        "license": "Apache-2.0",
        "trainedAt": trained_at,
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }
    write_whole(folder / "model.json", content)


def write_whole(path: Path, content: dict) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(part, path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
