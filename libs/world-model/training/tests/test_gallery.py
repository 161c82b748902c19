"""Of the code, with random weights: what must hold before any training. Of the shipped file: the worker's contract."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from fitting import checkpoint, torch_program
from gallery import data
from gallery.export import Step, export
from gallery.integers import rounded, stored, stored_in_parts, weight_scale
from gallery.transition import Transition, wrap
from gallery.view import View
from world.the_gallery import gallery

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "gallery" / "gallery.onnx"


def random_step() -> Step:
    torch.manual_seed(5)
    transition, view = Transition(gallery().size), View(gallery().size)
    transition.turn.fill_(0.08)
    transition.pace.copy_(torch.tensor([0.09, 0.06]))
    view.use_integers(torch.full_like(view.ink_tops, 4.0))
    return Step(transition.eval(), view.eval())


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(path: Path, state, action):
    return session(path).run(["next_state", "frame"], {"state": np.float32(state), "action": np.float32(action)})


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    step, path = random_step(), tmp_path_factory.mktemp("onnx") / "step.onnx"
    export(step.transition, step.view, path)
    return path


def test_the_export_equals_torch(exported):
    rng = np.random.default_rng(6)
    state, action = rng.uniform(1, 9, (3, 3)), rng.uniform(-1, 1, (3, 4))
    with torch.no_grad():
        want_state, want_frame = random_step()(torch.tensor(np.float32(state)), torch.tensor(np.float32(action)))
    got_state, got_frame = run(exported, state, action)
    assert np.abs(got_state - want_state.numpy()).max() < 1e-5
    off = np.abs(got_frame.astype(int) - want_frame.numpy().astype(int))
    assert off.max() <= 4 and (off > 1).mean() < 1e-2  # waves are stored in 8 bits too, which torch leaves out


def test_the_torch_program_equals_torch(tmp_path):
    torch_program.write(random_step(), torch.zeros(1, 3), tmp_path / "step.pt2")
    program = torch.export.load(tmp_path / "step.pt2").module()
    state, action = torch.rand(3, 3) * 9, torch.rand(3, 4)
    with torch.no_grad():
        for got, want in zip(program(state, action), random_step()(state, action), strict=True):
            assert torch.allclose(got.float(), want.float(), atol=1e-5)


def test_integer_layers_round_as_stored_and_pass_gradients():
    ink = torch.tensor([-1.0, 0.1, 3.1, 5.0]).view(1, 1, 2, 2).relu().requires_grad_()
    kept = stored(ink, torch.tensor([4.0]))
    kept.sum().backward()
    assert kept.flatten().tolist() == pytest.approx([0, 6 * 4 / 255, 198 * 4 / 255, 4])
    assert ink.grad.flatten().tolist() == [1, 1, 1, 0]
    parts = stored_in_parts(ink.detach(), torch.tensor([4.0]))
    assert parts.flatten().tolist() == pytest.approx([0, 19 * 4 / 765, (510 + 83) * 4 / 765, 4])


def test_integer_weights_never_overflow_16_bits_in_pairs():
    torch.manual_seed(9)
    weight, top = torch.randn(64, 64) ** 3, torch.rand(64) * 9 + 1
    step = weight_scale(weight * top)[:, None]
    integers = rounded(weight, top) * top / step
    assert (integers - integers.round()).abs().max() < 1e-3
    pairs = integers.round().abs().unflatten(1, (-1, 2)).sum(2)
    assert 120 < pairs.max() <= 128


def test_a_wrapped_angle_stays_wrapped_to_the_bit():
    angle = wrap(torch.linspace(-20, 20, 10_001))
    assert angle.min() >= -np.pi - 1e-5 and angle.max() <= np.pi + 1e-5
    assert torch.equal(wrap(angle), angle)


def test_a_checkpoint_is_whole_or_absent(tmp_path):
    assert checkpoint.load(tmp_path / "none.pt") is None
    checkpoint.save(tmp_path / "some.pt", {"step": 3})
    assert checkpoint.load(tmp_path / "some.pt") == {"step": 3} and len(list(tmp_path.iterdir())) == 1


def test_a_shard_is_the_same_for_the_same_seed(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SHARD_COLUMNS", 256)
    monkeypatch.setattr(data, "WALKS", 2)
    monkeypatch.setattr(data, "WALK_FRAMES", 80)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        data.render_shard(tmp_path / name, 0, seed=1)
    assert np.array_equal(data.load(tmp_path / "a", 1).colour, data.load(tmp_path / "b", 1).colour)


@pytest.mark.skipif(not SHIPPED.exists(), reason="no model has been trained yet")
class TestShipped:
    def test_shapes_and_types_for_any_batch(self):
        for batch in (1, 3):
            state, frame = run(SHIPPED, np.tile(gallery().spawns[0], (batch, 1)), np.zeros((batch, 4)))
            assert state.shape == (batch, 3) and frame.shape == (batch, 72, 128, 3) and frame.dtype == np.uint8

    def test_a_session_gets_the_same_bits_alone_and_in_any_company(self):
        rng, step, place = np.random.default_rng(8), session(SHIPPED), gallery()
        pose = rng.uniform((0, 0, -np.pi), (*place.size, np.pi), (5000, 3))
        distance = place.distance(pose[:, 0], pose[:, 1])[0]
        pose = pose[(distance > 0.2) & (distance < 0.3)][:24]  # where the push acts
        feeds = {"state": np.float32(pose), "action": np.float32(rng.uniform(-1, 1, (24, 4)))}
        alone = [step.run(None, {name: value[i : i + 1] for name, value in feeds.items()}) for i in range(24)]
        for batch in (2, 3, 4, 8, 24):
            for first in range(0, 24, batch):
                together = step.run(None, {name: value[first : first + batch] for name, value in feeds.items()})
                for i in range(batch):
                    assert all(np.array_equal(a[0], b[i]) for a, b in zip(alone[first + i], together, strict=True))

    def test_idle_repeats_the_frame_to_the_bit(self):
        step, frames = session(SHIPPED), []
        state = np.float32([gallery().spawns[1]])
        for _ in range(5):
            state, frame = step.run(["next_state", "frame"], {"state": state, "action": np.zeros((1, 4), np.float32)})
            frames.append(frame)
        assert all(np.array_equal(frames[0], frame) for frame in frames)

    def test_garbage_actions_act_as_clipped_ones(self):
        state = [gallery().spawns[0]]
        wild = run(SHIPPED, state, [[50, 0, -50, 50]])
        tame = run(SHIPPED, state, [[1, 0, -1, 1]])
        assert np.array_equal(wild[0], tame[0]) and np.array_equal(wild[1], tame[1])
        none = run(SHIPPED, state, [[np.nan] * 4])
        assert np.array_equal(none[0], np.float32(state))

    def test_walking_at_a_wall_never_passes_it(self):
        place, step = gallery(), session(SHIPPED)
        heading = np.linspace(-np.pi, np.pi, 12, endpoint=False)
        state = np.stack([np.full(12, 9.3), np.full(12, 5.5), heading], 1).astype(np.float32)
        ahead = np.tile(np.float32([1, 0, 0, 1]), (12, 1))
        for _ in range(80):
            (state,) = step.run(["next_state"], {"state": state, "action": ahead})
        assert place.distance(state[:, 0].astype(float), state[:, 1].astype(float))[0].min() > 0.25
