"""A model's step as a torch program: it runs on CPU or CUDA in any batch, without the code that trained it."""

import os
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim


def write(step: nn.Module, state: Tensor, path: Path) -> None:
    """Trace step(state [B, ...], action [B, 4]) -> next state, frame, and write it, whole or not at all. `state`: an example, [1, ...].

    A batch of two is traced, since torch takes a 1 for a constant.
    """
    batch = Dim("batch", min=1, max=4096)
    example = (torch.cat([state, state]), torch.zeros(2, 4))
    program = torch.export.export(step.cpu().eval(), example, dynamic_shapes=({0: batch}, {0: batch}))
    save(program, path)


def save(program: torch.export.ExportedProgram, path: Path) -> None:
    """Without the stack traces of the tracing: they hold the paths of the machine it ran on."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        torch.export.save(program, file)
    os.replace(part, path)
