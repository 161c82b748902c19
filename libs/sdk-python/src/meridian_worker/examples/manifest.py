"""`model.json` of a reference model: what its file is called, holds and expects. Every fault is one sentence."""

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meridian_worker.examples.dreaming import standing_still
from meridian_worker.examples.reanchor import BLOCK_PIXELS, Anchors, Rules
from meridian_worker.model.runner import ModelFault

State = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    folder: Path
    model: str
    version: str
    fps: int
    width: int
    height: int
    actions: tuple[str, ...]
    state_dtype: str
    state_shape: tuple[int, ...]
    # States to begin in.
    initial_states: list[State]
    # True frames of the place to pull a drifting session back to, and the rules for it.
    anchors: Anchors | None
    reanchor: Rules | None
    rebuild_ms: int
    onnx_file: str
    digests: dict[str, str]

    def file(self, ending: str) -> Path:
        """The model's program in one of its forms, read whole to see that it is the one that the manifest means."""
        path = self.folder / Path(self.onnx_file).with_suffix(ending)
        _read(path, self.digests.get(path.name))
        return path


def read_manifest() -> Manifest:
    """Of the folder in MODEL_DIR. Raises ModelFault."""
    folder = os.environ.get("MODEL_DIR")
    if not folder:
        raise ModelFault("MODEL_DIR is not set; set it to a folder with a model.json.")
    path = Path(folder) / "model.json"
    try:
        return _manifest_of(Path(folder), json.loads(path.read_text()))
    except OSError as error:
        raise ModelFault(
            f"{path} cannot be read ({error.strerror}); set MODEL_DIR to a folder with a model.json."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFault(f"{path} is not the manifest of a model: {type(error).__name__} {error}.") from error


def _manifest_of(folder: Path, raw: dict[str, Any]) -> Manifest:
    state = raw["state"]
    shape = tuple(int(side) for side in state["shape"])
    if math.prod(shape) * np.dtype(state["dtype"]).itemsize != state["bytes"]:
        raise ValueError("state.bytes is not what shape and dtype make")
    size = raw["frame"]["height"], raw["frame"]["width"]
    anchors = None if "anchors" not in raw else _anchors_of(folder, raw, size)
    torch_form = raw.get("torch", {})
    return Manifest(
        folder=folder,
        model=raw["model"],
        version=raw["version"],
        fps=raw["fps"],
        width=size[1],
        height=size[0],
        actions=tuple(raw["actions"]),
        state_dtype=state["dtype"],
        state_shape=shape,
        initial_states=_initial_states(raw, anchors, shape),
        anchors=anchors,
        reanchor=_rules_of(raw, size),
        rebuild_ms=raw.get("rebuildMs", 0),
        onnx_file=raw["file"],
        digests={raw["file"]: raw["sha256"], **({torch_form["file"]: torch_form["sha256"]} if torch_form else {})},
    )


def _anchors_of(folder: Path, raw: dict[str, Any], size: tuple[int, int]) -> Anchors:
    """Records of a frame and the rest of a state, which is what its layout has behind the frames."""
    anchors, state = raw["anchors"], raw["state"]
    rest = sum(part["bytes"] for part in state.get("layout", [])[1:])
    frame = math.prod(size) * 3
    if state["dtype"] != "uint8" or (state["bytes"] - rest) % frame:
        raise ValueError("where there are anchors, a state begins with whole frames of uint8")
    records = np.frombuffer(_read(folder / anchors["file"], anchors["sha256"]), np.uint8)
    records = records.reshape(anchors["count"], frame + rest)
    return Anchors(records[:, :frame].reshape(-1, *size, 3), records[:, frame:])


def _initial_states(raw: dict[str, Any], anchors: Anchors | None, shape: tuple[int, ...]) -> list[State]:
    """Those of the manifest, or the first anchors, each standing still."""
    dtype = raw["state"]["dtype"]
    if anchors is None:
        return [np.array(values, dtype).reshape(shape) for values in raw["initialStates"]]
    first = range(raw["anchors"]["initial"])
    return [standing_still(anchors.frames[i], anchors.rests[i], math.prod(shape)).reshape(shape) for i in first]


def _rules_of(raw: dict[str, Any], size: tuple[int, int]) -> Rules | None:
    rules = raw.get("reanchor")
    if rules is None:
        return None
    if "anchors" not in raw or any(side % BLOCK_PIXELS for side in size):
        raise ValueError(f"reanchor needs anchors, and frames whose sides are multiples of {BLOCK_PIXELS}")
    return Rules(rules["minSharpness"], rules["patienceFrames"], rules["cooldownFrames"], rules["fadeFrames"])


def _read(path: Path, expected: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFault(f"{path} cannot be read ({error.strerror}).") from error
    digest = hashlib.sha256(content).hexdigest()
    if expected not in (None, digest):
        raise ModelFault(
            f"{path} is not the file of its manifest (sha256 {digest}, expected {expected}); it was truncated or replaced."
        )
    return content
