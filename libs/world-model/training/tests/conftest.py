"""A `dream` of random weights, made and exported once. Tests leave the machine's other cores alone."""

from pathlib import Path

import pytest
import torch
from dreams import SIZE

from dream.export import export
from dream.net import Dream, Recall

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def net() -> Dream:
    torch.manual_seed(1)
    net = Dream(Recall(SIZE)).eval()
    net.recall.transition.turn.fill_(0.1)
    net.recall.transition.pace.fill_(0.08)
    return net


@pytest.fixture(scope="session")
def exported(net, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "dream.onnx"
    export(net, path)
    return path
