import torch
from torch import nn

from fitting import fitter as fitting
from fitting.fitter import Fitter


def losses(model, dies_at: int | None = None):
    def at(step: int):
        if step == dies_at:
            raise KeyboardInterrupt
        x = torch.randn(16, 4)
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        return loss, {"loss": loss}

    return at


def a_fitter(path) -> Fitter:
    torch.manual_seed(1)
    return Fitter(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)), path, lambda name: name.startswith("0."))


def test_a_killed_and_resumed_fit_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "SAVE_SECONDS", -1)
    whole, killed = a_fitter(tmp_path / "whole.pt"), a_fitter(tmp_path / "killed.pt")
    whole.run("only", 20, losses(whole.model))
    try:
        killed.run("only", 20, losses(killed.model, dies_at=11))
    except KeyboardInterrupt:
        pass
    resumed = a_fitter(tmp_path / "killed.pt")
    assert resumed.resume() == "only" and resumed.step == 11
    resumed.run("only", 20, losses(resumed.model))
    for a, b in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_descent_lowers_the_loss(tmp_path):
    def measured(fitter: Fitter) -> float:
        torch.manual_seed(2)
        return losses(fitter.model)(0)[0].item()

    fitter = a_fitter(tmp_path / "some.pt")
    before = measured(fitter)
    fitter.run("only", 200, losses(fitter.model), share=5)
    assert measured(fitter) < 0.5 * before
