"""The step contract on PyTorch, on CPU or CUDA: a program written by torch.export, which needs no code of the model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.export.passes import move_to_device_pass

from meridian_worker.examples.manifest import State
from meridian_worker.model.runner import ModelFault


class TorchBackend:
    def __init__(self, path: Path, device: str) -> None:
        # A worker has one core for its model; more workers take more cores.
        torch.set_num_threads(1)
        # The same state gives the same frame, to the bit, whoever shares the step.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        self._device = device
        try:
            program = torch.export.load(path)
        except Exception as error:
            raise ModelFault(f"{path} is not a program of torch.export that this PyTorch can run: {error}") from error
        self._module = move_to_device_pass(program, device).module()

    def state(self, value: State) -> torch.Tensor:
        return torch.from_numpy(value.copy()).to(self._device)

    @torch.inference_mode()
    def step(self, states: list[torch.Tensor], actions: NDArray[np.float32]) -> tuple[Any, Any]:
        following, frames = self._module(torch.stack(states), torch.from_numpy(actions).to(self._device))
        return frames, following
