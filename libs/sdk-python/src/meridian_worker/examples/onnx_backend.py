"""The step contract on ONNX Runtime, on CPU."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from meridian_worker.examples.manifest import Manifest, State
from meridian_worker.model.runner import ModelFault

TYPES = {"float32": "tensor(float)", "uint8": "tensor(uint8)"}


class OnnxBackend:
    # A worker has one core for its model; more workers take more cores.
    THREADS = 1

    def __init__(self, path: Path, manifest: Manifest) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = self.THREADS
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelFault(f"{path} is not an ONNX model that this ONNX Runtime can run: {error}") from error
        _check_signature(self._session, manifest)

    def state(self, value: State) -> State:
        return value

    def step(self, states: list[State], actions: NDArray[np.float32]) -> tuple[Any, Any]:
        frames, following = self._session.run(["frame", "next_state"], {"state": np.stack(states), "action": actions})
        return frames, following


def _check_signature(session: onnxruntime.InferenceSession, manifest: Manifest) -> None:
    frame = (manifest.height, manifest.width, 3)
    state = (TYPES.get(manifest.state_dtype), manifest.state_shape)
    wanted = {
        "state": state,
        "action": ("tensor(float)", (len(manifest.actions),)),
        "next_state": state,
        "frame": ("tensor(uint8)", frame),
    }
    found = {each.name: (each.type, tuple(each.shape[1:])) for each in (*session.get_inputs(), *session.get_outputs())}
    for name, (kind, shape) in wanted.items():
        has = found.get(name)
        # A side that the file leaves open has a name; the first step shows it.
        fits = has is not None and has[0] == kind and len(has[1]) == len(shape)
        if has is None or not fits or any(isinstance(a, int) and a != b for a, b in zip(has[1], shape, strict=True)):
            raise ModelFault(f"The model's `{name}` is {has}; its manifest and the step contract want {kind} {shape}.")
