"""A worker's process as its neighbours see it. What every worker must do is in the conformance suite; here is what a model
can do to this one, and how it starts and ends."""

from collections.abc import Iterator

import grpc
import pytest

from meridian_worker.protocol import (
    CODEC_JPEG,
    CODEC_RAW_RGB,
    CheckpointRequest,
    CheckpointResponse,
    ForkRequest,
    ForkResponse,
    FrameFormat,
)
from support import unruly
from support.worker_process import END_S_MAX, Worker, environment, running, start

UNRULY = "support.unruly:Unruly"
RAW = FrameFormat(codec=CODEC_RAW_RGB)


@pytest.fixture
def worker() -> Iterator[Worker]:
    with running(UNRULY) as worker:
        yield worker


@pytest.fixture(scope="class")
def kept_worker() -> Iterator[Worker]:
    """For tests that leave it as it was."""
    with running(UNRULY) as worker:
        yield worker


class TestServing:
    def test_it_registers_what_it_is(self, kept_worker: Worker) -> None:
        described = kept_worker.fleet.registrations[0].describe
        assert (described.model, described.slots, described.state_bytes, described.deadline_ms) == ("unruly", 4, 4, 40)
        assert described == kept_worker.describe()

    def test_a_stream_brings_frames_of_the_form_that_was_asked_for(self, kept_worker: Worker) -> None:
        player = kept_worker.play("a")
        player.until(lambda seen: seen.frames)
        player.ask(RAW)
        player.until(lambda seen: seen.frames[-1].codec == CODEC_RAW_RGB)
        assert player.frames[0].codec == CODEC_JPEG
        assert len(player.frames[-1].image) == 16 * 16 * 3
        assert player.frames[-1].image[0] == player.frames[-1].number

    def test_a_copy_starts_where_its_original_stood(self, kept_worker: Worker) -> None:
        original = kept_worker.play("original")
        original.until(lambda seen: len(seen.frames) > 5)
        forked = kept_worker.call("Fork", ForkRequest(session_id="original", epoch=1, fork_session_id="b"), ForkResponse)
        copy = kept_worker.play("b")
        copy.ask(RAW)
        copy.until(lambda seen: seen.frames and seen.frames[-1].codec == CODEC_RAW_RGB)
        assert copy.frames[0].number == forked.frame_number + 1
        assert copy.frames[-1].image[0] == copy.frames[-1].number


class TestFaultsOfTheModel:
    @pytest.mark.parametrize("mischiefs", [(unruly.THROW, unruly.HANG), (unruly.SPOIL, unruly.DIE)])
    def test_the_culprit_ends_and_its_neighbour_goes_on(self, worker: Worker, mischiefs: tuple[float, float]) -> None:
        neighbour = worker.play("good")
        neighbour.until(lambda seen: seen.checkpoints)
        for mischief in mischiefs:
            culprit = worker.play(f"bad-{mischief}")
            culprit.until(lambda seen: seen.frames)
            culprit.act(1, mischief=mischief)
            assert culprit.end() == (grpc.StatusCode.OK, "")
            assert culprit.notices[-1].end_reason == "model_failed"
            goal = neighbour.frames[-1].number + 30
            neighbour.until(lambda seen, goal=goal: seen.frames[-1].number > goal)
        numbers = [frame.number for frame in neighbour.frames]
        assert numbers == sorted(set(numbers))
        worker.fleet.heard(lambda beat: any(report.end_reason == "model_failed" for report in beat.sessions))
        again = worker.play("next")
        again.until(lambda seen: seen.frames)

    def test_a_worker_whose_model_keeps_failing_takes_no_more(self, worker: Worker) -> None:
        for name in ("a", "b", "c"):
            player = worker.play(name)
            player.until(lambda seen: seen.frames)
            player.act(1, mischief=unruly.THROW)
            player.end()
        assert worker.health().quarantined
        assert worker.play("d").end() == (grpc.StatusCode.UNAVAILABLE, "worker_quarantined")
        worker.fleet.heard(lambda beat: beat.slots == 0)


class TestLeaving:
    def test_clients_leave_with_their_newest_state(self, worker: Worker) -> None:
        player = worker.play("a")
        player.until(lambda seen: len(seen.frames) > 3)
        assert worker.terminate() == 0
        assert player.end() == (grpc.StatusCode.UNAVAILABLE, "worker_draining")
        assert player.checkpoints[-1].frame_number >= player.frames[-1].number

    def test_a_session_goes_on_elsewhere_from_its_checkpoint(self, worker: Worker) -> None:
        player = worker.play("a")
        player.until(lambda seen: len(seen.frames) > 3)
        answer = worker.call("Checkpoint", CheckpointRequest(session_id="a", epoch=1), CheckpointResponse)
        with running(UNRULY) as elsewhere:
            moved = elsewhere.play("a", {"meridian_restore": "1", "meridian_next_frame": "40"}, epoch=2)
            moved.restore(answer.checkpoint)
            moved.ask(RAW)
            moved.until(lambda seen: seen.frames and seen.frames[-1].codec == CODEC_RAW_RGB)
        assert moved.frames[0].number == 40
        steps = moved.frames[-1].number - 40 + 1
        assert moved.frames[-1].image[0] == answer.checkpoint.frame_number + steps


class TestStart:
    def test_a_worker_that_is_still_loading_ends_when_it_is_told_to(self) -> None:
        process = start("support.unruly:Endless", environment(1, LOG_LEVEL="debug"))
        assert process.stdout is not None
        assert "the model is loading" in process.stdout.readline()
        process.terminate()
        assert process.wait(END_S_MAX) == 0
        # To the end of its output: nothing that it started is left.
        process.communicate(timeout=END_S_MAX)

    def test_nothing_is_left_of_a_worker_that_is_killed(self, kept_worker: Worker) -> None:
        kept_worker.process.kill()
        kept_worker.process.communicate(timeout=END_S_MAX)

    @pytest.mark.parametrize(
        ("changes", "model", "sentence"),
        [
            ({"WORKER_ID": ""}, UNRULY, "WORKER_ID is not set; set it to an id of its own"),
            ({"HOST": "0.0.0.0"}, UNRULY, "ADVERTISE_ADDRESS is not set; with HOST 0.0.0.0"),
            ({}, "support.unruly:Unloadable", "The model cannot be served: FileNotFoundError: weights.pt"),
            ({}, "support.unruly:Misshapen", "frames uint8 [1, 8, 8, 3], not uint8 [1, 16, 16, 3]"),
            ({}, "support.nowhere:Unruly", "ModuleNotFoundError"),
            ({}, "support.unruly:nothing", "is not a subclass of meridian_worker.Model"),
            ({"MODEL_DIR": "/nowhere"}, "meridian_worker.examples.reference:Gallery", "/nowhere/model.json cannot be read"),
        ],
    )
    def test_what_cannot_be_served_is_one_sentence_and_78(self, changes: dict[str, str], model: str, sentence: str) -> None:
        process = start(model, environment(1, **changes))
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 78
        assert sentence in errors
        assert errors.count("\n") == 1
