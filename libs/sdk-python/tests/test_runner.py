"""The model's side of the process boundary, without the process."""

import numpy as np
import pytest
from numpy.typing import NDArray

from meridian_worker import Model, NewSession
from meridian_worker.model import arrays
from meridian_worker.model.runner import ModelFault, ModelRunner

FRAME_BYTES = 4 * 2 * 3


class Counting(Model):
    name, version, width, height = "counting", "1", 4, 2
    actions = ("forward",)
    answers_in = np.float32

    def __init__(self) -> None:
        self.seen: list[int] = []

    def start(self, session: NewSession) -> NDArray[np.float32]:
        return np.array([session.draw, 0], np.float32)

    def step(
        self, states: list[NDArray[np.float32]], actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        self.seen.append(len(states))
        following = np.stack(states) + np.stack([np.zeros_like(actions[:, 0]), actions[:, 0]], 1)
        shades = np.nan_to_num(following[:, 1, None, None, None], posinf=255).astype(np.uint8)
        return np.broadcast_to(shades, (len(states), 2, 4, 3)), following.astype(self.answers_in)


@pytest.fixture
def model() -> Counting:
    return Counting()


@pytest.fixture
def frames() -> bytearray:
    return bytearray(8 * FRAME_BYTES)


@pytest.fixture
def runner(model: Counting, frames: bytearray) -> ModelRunner:
    runner = ModelRunner(model, memoryview(frames))
    runner.load("cpu")
    for state in (1, 2):
        runner.start(state, NewSession(f"s{state}", state / 10))
    return runner


def forward(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None]


@pytest.mark.parametrize("wrong", [-1, 600_001, 1.5, "soon"])
def test_a_time_to_rebuild_that_is_none_is_the_model_s_fault(model: Counting, frames: bytearray, wrong: object) -> None:
    model.rebuild_ms = wrong  # type: ignore[assignment]
    with pytest.raises(ModelFault, match="`rebuild_ms` is"):
        ModelRunner(model, memoryview(frames)).load("cpu")


def test_each_session_has_its_own_state_and_frame(runner: ModelRunner, frames: bytearray) -> None:
    runner.step([1, 2], forward(1, 3), [])
    stepped = runner.step([2, 1], forward(0, 0), [1])
    assert (frames[0], frames[FRAME_BYTES]) == (3, 1)
    assert np.frombuffer(stepped.packed[1], np.float32).tolist() == pytest.approx([0.1, 1])


def test_a_packed_state_is_gone_on_from_to_the_bit(runner: ModelRunner) -> None:
    runner.step([1], forward(5), [])
    packed = runner.pack([1])[1]
    runner.unpack(9, packed)
    runner.copy(10, 1)
    assert runner.pack([1, 9, 10]) == {1: packed, 9: packed, 10: packed}


@pytest.mark.parametrize("data", [b"short", np.array([1, np.nan], np.float32).tobytes()])
def test_what_cannot_be_gone_on_from_is_refused(runner: ModelRunner, data: bytes) -> None:
    with pytest.raises(ValueError):
        runner.unpack(9, data)


def test_a_state_that_is_not_finite_is_not_taken(runner: ModelRunner) -> None:
    before = runner.pack([2])[2]
    stepped = runner.step([1, 2], forward(1, np.inf), [])
    assert stepped.usable == [True, False]
    assert runner.pack([2])[2] == before


def test_smaller_batches_are_filled_up_to_a_size_that_the_model_takes(model: Counting, runner: ModelRunner) -> None:
    model.batch_sizes = (4,)
    stepped = runner.step([1, 2], forward(1, 2), [])
    assert model.seen == [4]
    assert len(stepped.usable) == 2
    assert runner.batch_max() == 4


def test_a_state_that_stands_still_does_not_keep_its_batch_alive(runner: ModelRunner) -> None:
    batch = np.zeros((64, 3), np.float32)
    assert all(row.base is None for row in arrays.rows(batch))


def test_a_state_of_another_type_is_a_fault_in_a_sentence(model: Counting, runner: ModelRunner) -> None:
    model.answers_in = np.float64  # type: ignore[assignment]
    with pytest.raises(ModelFault, match=r"a state of float64 \[2\], not float32 \[2\] as `start` did"):
        runner.step([1], forward(0), [])


def test_a_frame_of_another_shape_is_a_fault_in_a_sentence(model: Counting, runner: ModelRunner) -> None:
    model.width = 5
    with pytest.raises(ModelFault, match=r"frames uint8 \[1, 2, 4, 3\], not uint8 \[1, 2, 5, 3\]"):
        runner.step([1], forward(0), [])
