import torch
from torch import nn

from fitting import torch_program


class Step(nn.Module):
    def forward(self, state, action):
        return state + action[:, :1], state * 2


def test_it_runs_in_any_batch_and_tells_nothing_of_the_machine_that_traced_it(tmp_path):
    path = tmp_path / "step.pt2"
    torch_program.write(Step(), torch.zeros(1, 3), path)
    assert __file__.encode() not in path.read_bytes()
    step = torch.export.load(path).module()
    for batch in (1, 5):
        following, frame = step(torch.ones(batch, 3), torch.ones(batch, 4))
        assert torch.equal(following, torch.full((batch, 3), 2.0)) and frame.shape == (batch, 3)
