import numpy as np
import pytest

from world import motion, walks
from world.raycast import cast
from world.render import Renderer
from world.the_gallery import gallery

PLACE = gallery()


def test_the_same_pose_renders_the_same_bytes():
    poses = np.array(PLACE.spawns[:2])
    assert np.array_equal(Renderer(PLACE).frames(poses), Renderer(PLACE).frames(poses))


def test_a_column_alone_equals_the_same_column_in_a_frame():
    renderer, pose = Renderer(PLACE), np.array([PLACE.spawns[0]])
    frame = renderer.frames(pose)[0]
    slope = (np.array([40.5]) / 128 * 2 - 1) * np.tan(np.radians(37))
    column, _ = renderer.columns(*pose.T, slope)
    assert np.array_equal(column[0], frame[:, 40])


def test_rays_end_on_a_solid():
    rng = np.random.default_rng(1)
    p = walks.free_points(PLACE, 500, rng)
    hit = cast(PLACE, p[:, 0], p[:, 1], rng.uniform(-np.pi, np.pi, 500))
    assert np.abs(PLACE.distance(hit.x, hit.y)[0]).max() < 1e-3


@pytest.mark.parametrize("seed", [2, 3])
def test_no_walk_comes_nearer_to_a_solid_than_the_radius(seed):
    rng = np.random.default_rng(seed)
    poses = walks.walk(PLACE, walks.starts(PLACE, 32, rng), walks.actions(32, 300, rng))
    assert PLACE.distance(poses[..., 0], poses[..., 1])[0].min() > motion.RADIUS_M - 1e-4


def test_standing_still_keeps_the_pose_to_the_bit():
    rng = np.random.default_rng(4)
    pose = walks.walk(PLACE, walks.starts(PLACE, 32, rng), walks.actions(32, 100, rng))[:, -1]
    assert np.array_equal(motion.step(PLACE, pose, np.zeros((32, 4))), pose)


def test_actions_out_of_range_or_not_a_number_are_made_safe():
    a = motion.clip_action(np.array([[9.0, -9, 9, -9], [np.nan] * 4]))
    assert np.allclose(a[0], [np.sqrt(0.5), -np.sqrt(0.5), 1, 0]) and not a[1].any()


def test_every_spawn_stands_free():
    x, y, _ = np.array(PLACE.spawns).T
    assert PLACE.distance(x, y)[0].min() > motion.RADIUS_M
