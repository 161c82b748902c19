import json

import numpy as np
import pytest

from evaluate.reanchor import NEIGHBOURS, Policy, Reanchor, contrast_sum, nearest

WALK, STILL = np.float32([1, 0, 0, 0]), np.zeros(4, np.float32)
RNG = np.random.default_rng(3)
ANCHORS = RNG.integers(0, 256, (3, 72, 128, 3)).astype(np.uint8)
GREY = np.full((72, 128, 3), 90, np.uint8)


def session(**rules) -> Reanchor:
    return Reanchor(Policy(ANCHORS, **({"min_sharpness": 1.0, "patience": 3, "cooldown": 5, "fade": 4} | rules)))


def seen(r: Reanchor, count: int, frame=GREY, action=WALK) -> list[np.ndarray]:
    return [r.after(action, np.tile(frame.reshape(-1), 4), frame) for _ in range(count)]


def test_a_flat_dream_is_blended_into_an_anchor_and_starts_there_standing():
    r = session()
    before, pulled = seen(r, 3), seen(r, 4)
    assert all(np.array_equal(frame, GREY) for _, frame in before)
    anchor = ANCHORS[r.anchor]
    want = ((90 * 3 + anchor.astype(int) + 2) // 4).astype(np.uint8)
    assert np.array_equal(pulled[0][1], want) and np.array_equal(pulled[0][0][-want.size :], want.reshape(-1))
    assert np.array_equal(pulled[0][0][: -want.size], np.tile(GREY.reshape(-1), 3))
    assert np.array_equal(pulled[3][1], anchor) and np.array_equal(pulled[3][0], np.tile(anchor.reshape(-1), 4))
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
