"""The reference models of Meridian, in either of the forms they come in.

    MODEL_DIR=libs/world-model/models/gallery meridian-worker serve meridian_worker.examples.reference:Gallery

BACKEND is `onnx` (the extra of that name, CPU) or `torch` (CPU and CUDA); left out, torch is taken where it is installed
and the model has a program for it. BATCH is the size of every step on CUDA (32).
"""

import importlib.util
import os
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from meridian_worker import Model, NewSession
from meridian_worker.examples.dreaming import Dreams
from meridian_worker.examples.manifest import Manifest, State, read_manifest
from meridian_worker.examples.reanchor import Reanchor
from meridian_worker.model.runner import ModelFault

CUDA_BATCH = 32


class Backend(Protocol):
    """What runs a model's program: states as it likes them, from and to numpy at the edges."""

    def state(self, value: State) -> Any: ...
    def step(self, states: list[Any], actions: NDArray[np.float32]) -> tuple[Any, Any]: ...


class Reference(Model):
    """Any model that keeps the step contract of libs/world-model: (state, action) -> (next_state, frame), batch first."""

    def __init__(self) -> None:
        self._manifest = manifest = read_manifest()
        self.name, self.version = manifest.model, manifest.version
        self.width, self.height, self.fps = manifest.width, manifest.height, manifest.fps
        self.actions = manifest.actions
        self.rebuild_ms = manifest.rebuild_ms
        # None for a model that is never pulled back.
        self._dreams: Dreams | None = None
        self._form = chosen_form(manifest)
        # Here, not in `load`: every start of the model's process shares what is imported before.
        importlib.import_module(f"meridian_worker.examples.{self._form}_backend")

    def load(self, device: str) -> None:
        manifest = self._manifest
        self._backend = _backend(self._form, manifest, device)
        if manifest.reanchor is not None and manifest.anchors is not None:
            self._dreams = Dreams(Reanchor(manifest.reanchor, manifest.anchors), self._world_of)
        if self._form == "torch":
            # The kernels of a library may choose another way for another batch size, and then other bits. On a GPU every
            # batch has one size; on a CPU, where batching gains nothing, that size is 1.
            size = int(os.environ.get("BATCH") or CUDA_BATCH) if device == "cuda" else 1
            self.batch_sizes = (size,)

    def start(self, session: NewSession) -> Any:
        first = self._manifest.initial_states
        world = self._backend.state(first[int(session.draw * len(first))])
        return world if self._dreams is None else self._dreams.begin(world)

    def step(self, states: list[Any], actions: NDArray[np.float32]) -> tuple[Any, Any]:
        if self._dreams is None:
            return self._backend.step(states, actions)
        frames, worlds = self._backend.step([dream.world for dream in states], actions)
        return self._dreams.after(states, actions, frames, worlds)

    def pack(self, state: Any) -> bytes:
        return super().pack(state) if self._dreams is None else self._dreams.pack(state)

    def unpack(self, data: bytes) -> Any:
        return super().unpack(data) if self._dreams is None else self._dreams.unpack(data, self._example)

    def _world_of(self, state: NDArray[Any]) -> Any:
        return self._backend.state(state.reshape(self._manifest.state_shape))


class Gallery(Reference):
    """The place that one can walk in for minutes."""


class Dream(Reference):
    """The glitchy one, whose drift is the point; pulled back when it has lost the place, where its manifest says how."""


def chosen_form(manifest: Manifest) -> str:
    wanted = os.environ.get("BACKEND") or None
    if wanted not in (None, "onnx", "torch"):
        raise ModelFault(f'BACKEND is "{wanted}"; set it to onnx or torch.')
    has_torch = importlib.util.find_spec("torch") is not None
    has_program = (manifest.folder / manifest.onnx_file).with_suffix(".pt2").exists()
    form = wanted or ("torch" if has_torch and has_program else "onnx")
    package = "torch" if form == "torch" else "onnxruntime"
    if importlib.util.find_spec(package) is None:
        raise ModelFault(f"{package} is not installed; install meridian-worker[{form}].")
    return form


def _backend(form: str, manifest: Manifest, device: str) -> Backend:
    if form == "torch":
        from meridian_worker.examples.torch_backend import TorchBackend

        return TorchBackend(manifest.file(".pt2"), device)
    from meridian_worker.examples.onnx_backend import OnnxBackend

    return OnnxBackend(manifest.file(".onnx"), manifest)
