"""Of the code, with random weights, and of the shipped file: the worker's contract."""

from pathlib import Path

import numpy as np
import pytest
import torch
from dreams import SIZE, random_clips, run

from dream import anchors, fit
from dream.corrupt import corrupt
from dream.export import FRAMES_BYTES, STATE_BYTES, Step
from dream.fit_recall import pose_loss
from dream.net import Recall
from dream.pool import Pool
from dream.recall import Locator
from evaluate import state as states
from evaluate.reanchor import Policy
from fitting import torch_program
from world import motion
from world.generated import generated
from world.render import Renderer
from world.the_gallery import gallery

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "dream"


def inputs(batch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    state = rng.integers(0, 256, (8, STATE_BYTES)).astype(np.uint8)
    return state[:batch], rng.uniform(-1, 1, (8, 4)).astype(np.float32)[:batch]


def test_a_generated_place_is_the_same_for_the_same_seed_and_has_room_to_stand():
    for seed in range(5):
        a, b = generated(seed), generated(seed)
        assert np.array_equal(a.boxes, b.boxes) and a.paintings == b.paintings
        x, y, _ = np.array(a.spawns).T
        assert len(a.spawns) >= 2 and a.distance(x, y)[0].min() > motion.RADIUS_M


def test_the_exported_step_shifts_its_frames_and_stands_still_on_no_action(exported):
    state, action = inputs(3)
    action[:2], state[1, FRAMES_BYTES:] = 0, 0
    after, frame = run(exported, state, action)
    assert after.shape == state.shape and after.dtype == frame.dtype == np.uint8
    assert np.array_equal(after[:, : 3 * FRAMES_BYTES // 4], state[:, FRAMES_BYTES // 4 : FRAMES_BYTES])
    assert np.array_equal(states.last_frame(after), frame.reshape(3, -1))
    assert np.array_equal(frame[:2].reshape(2, -1), states.last_frame(state[:2]))
    assert not np.array_equal(frame[2].reshape(-1), states.last_frame(state)[2])
    assert np.array_equal(after[:2, FRAMES_BYTES:], state[:2, FRAMES_BYTES:])
    assert not np.array_equal(after[2, FRAMES_BYTES:], state[2, FRAMES_BYTES:])


def test_the_torch_program_shows_what_the_onnx_file_shows(net, exported, tmp_path):
    torch_program.write(Step(net), torch.zeros(1, STATE_BYTES, dtype=torch.uint8), tmp_path / "dream.pt2")
    program = torch.export.load(tmp_path / "dream.pt2").module()
    for batch in (1, 3):
        state, action = inputs(batch)
        off = np.abs(run(exported, state, action)[1].astype(int) - program(torch.tensor(state), torch.tensor(action))[1].numpy())
        assert (off > 1).mean() < 1e-3


def test_a_session_sees_the_same_frames_whoever_shares_its_batch(exported):
    state, action = inputs(8)
    together = run(exported, state, action)[1]
    for count in (1, 2, 5):
        assert np.array_equal(run(exported, state[:count], action[:count])[1], together[:count])


def test_corruption_keeps_shape_and_range_and_is_not_the_same_for_all():
    torch.manual_seed(5)
    frames = torch.rand(16, 12, 72, 128)
    worse = corrupt(frames)
    off = (worse - frames).abs().mean((1, 2, 3))
    assert worse.shape == frames.shape and 0 <= worse.min() and worse.max() <= 1
    assert off.min() < 0.02 < off.max()


def test_a_slot_of_the_pool_goes_on_from_what_the_model_made():
    pool, rng = Pool(random_clips(), life=5, corruption=0.0, device="cpu"), np.random.default_rng(0)
    slots, context, believed, action, goal = pool.take(rng, 8)
    assert context.shape == (8, 12, 72, 128) and goal.shape == (8, 3, 72, 128) and action.shape == (8, 4)
    assert not believed.any()
    before, after = pool.context[slots].clone(), torch.arange(72, dtype=torch.uint8).reshape(8, 9)
    pool.put(slots, goal, after)
    assert torch.equal(pool.belief[slots], after)
    assert torch.equal(pool.context[slots][:, :9], before[:, 3:])
    assert torch.equal(pool.context[slots][:, 9:], (goal * 255 + 0.5).to(torch.uint8))


def test_the_locator_is_right_when_it_names_the_cell_and_the_point():
    locator, pose = Locator(SIZE), torch.tensor([[3.2, 7.9, 0.5]])
    right = torch.tensor([3.2, 7.9, np.cos(0.5), np.sin(0.5)], dtype=torch.float32).expand(1, len(locator.centres), 4)
    cell = (locator.centres - pose[:, :2]).abs().amax(-1).argmin()
    logits = torch.full((1, len(locator.centres)), -20.0)
    logits[0, cell] = 20
    loss, off = pose_loss(locator, logits, right, pose)
    assert loss < 1e-4 and off < 1e-5
    assert pose_loss(locator, -logits, right, pose)[0] > 10


def test_a_recipe_trains_resumes_and_leaves_the_painter_alone(tmp_path):
    clips, recall = {name: random_clips() for name in ("broad", "narrow")}, Recall(SIZE)
    painter = recall.painter.column.weight.clone()
    fit.fit(fit.RECIPES["full"], clips, recall, tmp_path / "full.pt", 5, 0, "cpu", log=lambda _: None)
    again = fit.fit(fit.RECIPES["full"], clips, Recall(SIZE), tmp_path / "full.pt", 5, 0, "cpu", log=lambda _: None)
    assert torch.equal(again.recall.painter.column.weight, painter)


def test_anchors_begin_with_the_spawns_and_stand_apart():
    poses = anchors.choose(Renderer(gallery()), seed=0)
    assert np.array_equal(poses[:6], np.array(gallery().spawns)) and len(poses) == anchors.COUNT
    apart = [np.delete(anchors._apart(poses, pose), i).min() for i, pose in enumerate(poses)]
    assert min(apart[6:]) > 1.0


@pytest.mark.skipif(not (SHIPPED / "dream.onnx").exists(), reason="no model has been trained yet")
class TestShipped:
    def test_it_walks_from_every_anchor_and_nan_counts_as_standing_still(self):
        policy = Policy.load(SHIPPED)
        frames = policy.anchors[:4]
        state = np.stack([states.standing(policy.anchors[i], policy.poses[i]) for i in range(4)])
        _, walked = run(SHIPPED / "dream.onnx", state, np.tile(np.float32([1, 0, 0.4, 0]), (4, 1)))
        _, stood = run(SHIPPED / "dream.onnx", state, np.full((4, 4), np.nan, np.float32))
        assert np.array_equal(stood, frames) and not np.array_equal(walked, frames)

    def test_the_torch_program_is_the_same_model(self):
        policy = Policy.load(SHIPPED)
        state = np.stack([states.standing(policy.anchors[i], policy.poses[i]) for i in range(2)])
        action = np.tile(np.float32([1, 0, -0.4, 1]), (2, 1))
        program = torch.export.load(SHIPPED / "dream.pt2").module()
        off = np.abs(run(SHIPPED / "dream.onnx", state, action)[1].astype(int) - program(torch.tensor(state), torch.tensor(action))[1].numpy())
        assert (off > 1).mean() < 1e-3
