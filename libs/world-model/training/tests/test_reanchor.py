import hashlib
import json

import numpy as np
import pytest

from evaluate.reanchor import NEIGHBOURS, Policy, Reanchor, contrast_sum, nearest
from evaluate.state import FRAME_BYTES, standing

WALK, STILL = np.float32([1, 0, 0, 0]), np.zeros(4, np.float32)
RNG = np.random.default_rng(3)
ANCHORS = RNG.integers(0, 256, (3, 72, 128, 3)).astype(np.uint8)
POSES = RNG.integers(1, 256, (3, 9)).astype(np.uint8)
BELIEVED = np.arange(1, 10, dtype=np.uint8)
GREY = np.full((72, 128, 3), 90, np.uint8)


def session(**rules) -> Reanchor:
    return Reanchor(Policy(ANCHORS, POSES, **({"min_sharpness": 1.0, "patience": 3, "cooldown": 5, "fade": 4} | rules)))


def seen(r: Reanchor, count: int, frame=GREY, action=WALK) -> list[np.ndarray]:
    return [r.after(action, standing(frame, BELIEVED), frame) for _ in range(count)]


def test_a_flat_dream_is_blended_into_an_anchor_and_starts_there_standing():
    r = session()
    before, pulled = seen(r, 3), seen(r, 4)
    assert all(np.array_equal(frame, GREY) for _, frame in before)
    anchor = ANCHORS[r.anchor]
    want = ((90 * 3 + anchor.astype(int) + 2) // 4).astype(np.uint8)
    before, newest, pose = np.split(pulled[0][0], [3 * FRAME_BYTES, 4 * FRAME_BYTES])
    assert np.array_equal(pulled[0][1], want) and np.array_equal(newest, want.reshape(-1))
    assert np.array_equal(before, np.tile(GREY.reshape(-1), 3)) and np.array_equal(pose, BELIEVED)
    assert np.array_equal(pulled[3][1], anchor) and np.array_equal(pulled[3][0], standing(anchor, POSES[r.anchor]))
    assert r.pulls == 1 and (r.low, r.wait, r.fade) == (0, 5, 0)


def test_after_a_pull_it_waits_before_it_counts_again():
    r = session()
    seen(r, 3 + 4 + 5 + 2)
    assert r.pulls == 1 and r.low == 2
    seen(r, 1)
    assert r.pulls == 2


def test_one_sharp_frame_starts_the_count_anew():
    r = session()
    seen(r, 2)
    seen(r, 1, frame=ANCHORS[0])
    assert r.low == 0


def test_an_idle_visitor_is_left_alone_even_in_a_pull():
    r = session()
    seen(r, 2)
    assert all(np.array_equal(frame, GREY) for _, frame in seen(r, 10, action=STILL)) and r.low == 2
    seen(r, 2)
    assert np.array_equal(seen(r, 1, action=STILL)[0][1], GREY) and r.fade == 2


def test_sharpness_is_the_mean_luma_step_of_neighbours():
    frame = np.zeros((72, 128, 3), np.uint8)
    frame[:, 64:] = 127
    assert contrast_sum(frame) == 72 * 127 * 256
    assert contrast_sum(frame) / 256 / NEIGHBOURS == pytest.approx(1)


def test_the_nearest_anchor_is_by_its_coarse_look_and_the_first_of_equals():
    noisy = np.clip(ANCHORS[2].astype(int) + RNG.integers(-9, 10, ANCHORS[2].shape), 0, 255).astype(np.uint8)
    assert nearest(ANCHORS, noisy) == 2
    assert nearest(ANCHORS[[1, 1]], ANCHORS[1]) == 0


def test_a_damaged_file_of_anchors_is_refused(tmp_path):
    (tmp_path / "anchors.bin").write_bytes(b"short")
    content = {"anchors": {"file": "anchors.bin", "sha256": "0" * 64, "count": 3}, "reanchor": {}}
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="anchors.bin"):
        Policy.load(tmp_path)


def noise(seed: int, shade: int = 1) -> np.ndarray:
    """The generator of libs/world-model/src/reanchored-model.spec.ts."""
    values = []
    for _ in range(FRAME_BYTES):
        seed = (seed * 1_103_515_245 + 12_345) % 2**31
        values.append((seed >> 23) // shade)
    return np.array(values, np.uint8).reshape(72, 128, 3)


def test_the_walk_of_the_workers_test_comes_out_the_same_to_the_bit():
    grain, frames = noise(99), np.stack([noise(1), noise(2, 2), noise(3, 5)])
    poses = np.repeat(np.uint8([[10], [20], [30]]), 9, 1)
    r, digest = Reanchor(Policy(frames, poses, 1.2, 5, 9, 4)), hashlib.sha256()
    state = standing(frames[0], poses[0])
    for t in range(80):
        last, believed = state[3 * FRAME_BYTES : 4 * FRAME_BYTES].reshape(72, 128, 3), state[4 * FRAME_BYTES :]
        frame, after = last, state
        if t % 10 != 7:
            frame = ((last.astype(int) + (128 if t < 40 else 30)) // 2 + (grain.astype(int) + t) % 2).astype(np.uint8)
            after = np.concatenate([state[FRAME_BYTES : 4 * FRAME_BYTES], frame.reshape(-1), believed + np.uint8(1)])
        state, shown = r.after(np.float32([t % 10 != 7]), after, frame)
        digest.update(shown.tobytes() + state.tobytes() + np.array([r.low, r.wait, r.fade, r.anchor], "<u2").tobytes())
    assert digest.hexdigest() == "7375640daa4d31772063944a16ea1c8cc97522503bdf0d0d78f25088326df4f6"
