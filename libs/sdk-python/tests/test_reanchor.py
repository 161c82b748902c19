"""The same scenes as in libs/world-model/training/tests/test_reanchor.py: the kits agree with it to the bit."""

import numpy as np
import pytest
from numpy.typing import NDArray

from meridian_worker.examples.dreaming import Dreaming, Dreams
from meridian_worker.examples.reanchor import Anchors, Frame, PullMemory, Reanchor, Rules

HEIGHT, WIDTH, KEPT = 16, 24, 4
WALK, STILL = np.array([[1, 0, 0, 0]], np.float32), np.zeros((1, 4), np.float32)
ANCHORS: Frame = np.random.default_rng(3).integers(0, 256, (3, HEIGHT, WIDTH, 3)).astype(np.uint8)
POSES = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
BELIEVED = np.array([40, 50, 60], np.uint8)
GREY: Frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)


class Visit:
    """A session whose model answers whatever it is told to, over grey ground."""

    def __init__(self) -> None:
        policy = Reanchor(Rules(1.0, patience_frames=3, cooldown_frames=5, fade_frames=4), Anchors(ANCHORS, POSES))
        self.dreams = Dreams(policy, lambda state: state)
        self.dream = self.dreams.begin(self.world(GREY))

    def world(self, frame: Frame, pose: Frame = BELIEVED) -> Frame:
        return np.concatenate([np.tile(frame.reshape(-1), KEPT), pose])

    def see(self, count: int, frame: Frame = GREY, action: NDArray[np.float32] = WALK) -> list[Frame]:
        shown = []
        for _ in range(count):
            frames, (self.dream,) = self.dreams.after([self.dream], action, frame[None], self.world(frame)[None])
            shown.append(frames[0])
        return shown

    @property
    def memory(self) -> PullMemory:
        return self.dream.memory


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_a_flat_dream_is_blended_into_an_anchor_and_starts_there_standing(visit: Visit) -> None:
    before, (first, *_, last) = visit.see(3), visit.see(4)
    anchor = ANCHORS[visit.memory.anchor]
    assert all(np.array_equal(frame, GREY) for frame in before)
    assert np.array_equal(first, (90 * 3 + anchor.astype(int) + 2) // 4)
    assert np.array_equal(last, anchor)
    assert np.array_equal(visit.dream.world, visit.world(anchor, POSES[visit.memory.anchor]))
    assert (visit.memory.low, visit.memory.wait, visit.memory.fade) == (0, 5, 0)


def test_in_a_pull_the_newest_frame_kept_is_the_one_shown_and_the_pose_is_left_alone(visit: Visit) -> None:
    visit.see(3)
    (shown,) = visit.see(1)
    before, newest, pose = np.split(visit.dream.world, [(KEPT - 1) * GREY.size, KEPT * GREY.size])
    assert np.array_equal(newest, shown.reshape(-1))
    assert np.array_equal(before, np.tile(GREY.reshape(-1), KEPT - 1))
    assert np.array_equal(pose, BELIEVED)


def test_after_a_pull_it_waits_before_it_counts_again(visit: Visit) -> None:
    visit.see(3 + 4 + 5 + 2)
    assert visit.memory.low == 2


def test_one_sharp_frame_starts_the_count_anew(visit: Visit) -> None:
    visit.see(2)
    visit.see(1, ANCHORS[0])
    assert visit.memory.low == 0


def test_an_idle_visitor_is_left_alone_even_in_a_pull(visit: Visit) -> None:
    visit.see(4)
    (shown,) = visit.see(1, action=STILL)
    assert np.array_equal(shown, GREY)
    assert visit.memory.fade == 2


def test_what_it_remembers_travels_with_the_state(visit: Visit) -> None:
    visit.see(5)
    packed = visit.dreams.pack(visit.dream)
    assert packed[-8:] == bytes([0, 0, 0, 0, 3, 0, visit.memory.anchor, 0])
    restored = visit.dreams.unpack(packed, visit.dream)
    assert restored.memory == visit.memory
    assert np.array_equal(restored.world, visit.dream.world)


def test_a_memory_that_nobody_can_have_left_is_none(visit: Visit) -> None:
    strange = visit.dreams.pack(Dreaming(visit.dream.world, PullMemory(anchor=9)))
    assert visit.dreams.unpack(strange, visit.dream).memory == PullMemory()
