"""A worker's process as its neighbours see it. What every worker must do is in the conformance suite; here is what a model
can do to this one, and how it starts and ends."""

import time
from collections.abc import Iterator
from itertools import pairwise

import grpc
import pytest

from meridian_worker.protocol import (
    CODEC_JPEG,
    CODEC_RAW_RGB,
    SESSION_ACTIVITY_HELD,
    CheckpointRequest,
    CheckpointResponse,
    ForkRequest,
    ForkResponse,
    FrameFormat,
    StopSession,
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
    """For tests that leave it as it was, but for a session or two."""
    with running(UNRULY, SLOTS="8") as worker:
        yield worker


class TestServing:
    def test_it_registers_what_it_is(self, kept_worker: Worker) -> None:
        described = kept_worker.fleet.registrations[0].describe
        assert (described.model, described.slots, described.state_bytes, described.deadline_ms) == ("unruly", 8, 4, 40)
        assert described.rebuild_ms == 120
        assert described == kept_worker.describe()

    def test_a_stream_brings_frames_of_the_form_that_was_asked_for(self, kept_worker: Worker) -> None:
        player = kept_worker.play("a")
        player.until(lambda seen: seen.frames)
        player.ask(RAW)
        player.until(lambda seen: seen.frames[-1].codec == CODEC_RAW_RGB)
        assert player.frames[0].codec == CODEC_JPEG
        assert len(player.frames[-1].image) == 16 * 16 * 3
        assert player.frames[-1].image[0] == player.frames[-1].number

    def test_a_client_that_does_not_keep_up_gets_fewer_frames(self, kept_worker: Worker) -> None:
        player = kept_worker.play("slow")
        player.ask(FrameFormat(quality=50))
        player.say_dropped(6)
        player.until(lambda seen: len(seen.frames) > 20)
        numbers = [frame.number for frame in player.frames[-10:]]
        assert all(b - a >= 2 for a, b in pairwise(numbers))

    def test_removing_a_device_is_not_for_workers(self, kept_worker: Worker) -> None:
        player = kept_worker.play("c")
        player.remove(3)
        assert player.end() == (grpc.StatusCode.INVALID_ARGUMENT, "malformed_message")

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


class TestHandOver:
    def test_a_session_leaves_with_its_last_checkpoint_and_its_neighbour_stays(self, worker: Worker) -> None:
        player, neighbour = worker.play("a"), worker.play("b")
        for each in (player, neighbour):
            each.until(lambda seen: len(seen.frames) > 3)
        player.hand_over()
        assert player.end() == (grpc.StatusCode.UNAVAILABLE, "handed_over")
        assert player.kinds[-1] == "checkpoint"
        assert int.from_bytes(player.checkpoints[-1].state, "little") != 0
        assert player.checkpoints[-1].frame_number >= player.frames[-1].number
        worker.fleet.heard(lambda beat: any(report.end_reason == "worker_lost" for report in beat.sessions))
        assert worker.play("a").end() == (grpc.StatusCode.PERMISSION_DENIED, "epoch_fenced")
        goal = neighbour.frames[-1].number + 10
        neighbour.until(lambda seen: seen.frames[-1].number > goal)

    def test_so_does_one_that_the_control_plane_has_moved(self, worker: Worker) -> None:
        player = worker.play("a", epoch=2)
        player.until(lambda seen: len(seen.frames) > 3)
        worker.fleet.stop_sessions = [StopSession(session_id="a", epoch=1), StopSession(session_id="unknown", epoch=7)]
        seen = len(player.frames)
        player.until(lambda seen_now: len(seen_now.frames) > seen + 10)
        worker.fleet.stop_sessions = [StopSession(session_id="a", epoch=2)]
        assert player.end() == (grpc.StatusCode.UNAVAILABLE, "handed_over")
        assert player.kinds[-1] == "checkpoint"

    def test_a_state_too_large_for_a_message_is_sent_to_nobody(self) -> None:
        with running("support.unruly:Heavy") as worker:
            player = worker.play("a")
            player.until(lambda seen: len(seen.frames) > 30)
            player.hand_over()
            assert player.end() == (grpc.StatusCode.UNAVAILABLE, "handed_over")
            assert player.checkpoints == []
            assert worker.terminate() == 0
            assert worker.output().count("too large for checkpoints") == 1


class TestLeaving:
    def test_an_operator_s_drain_asks_away_without_an_end_and_can_be_lifted(self, worker: Worker) -> None:
        player = worker.play("a")
        player.until(lambda seen: seen.frames)
        worker.fleet.drain = True
        player.until(lambda seen: seen.drains)
        newer = worker.play("a")
        newer.until(lambda seen: seen.drains)
        seen = len(newer.frames)
        newer.until(lambda seen_now: len(seen_now.frames) > seen + 20)
        assert [each.within_ms for each in newer.drains] == [0]
        assert worker.play("b").end() == (grpc.StatusCode.UNAVAILABLE, "worker_draining")
        worker.fleet.drain = False
        before = worker.fleet.heartbeats[-1].seq
        worker.fleet.heard(lambda beat: beat.seq > before and not beat.draining)
        worker.play("b").until(lambda seen: seen.frames)

    def test_the_last_one_out_ends_the_process_and_those_who_are_away_are_not_waited_for(self) -> None:
        with running(UNRULY, DRAIN_MS="20000") as worker:
            away, player = worker.play("away"), worker.play("a")
            for each in (away, player):
                each.until(lambda seen: seen.frames)
            away.cancel()
            worker.fleet.heard(lambda beat: any(report.activity == SESSION_ACTIVITY_HELD for report in beat.sessions))
            worker.process.terminate()
            player.until(lambda seen: seen.drains)
            assert 10_000 < player.drains[0].within_ms <= 20_000
            seen = len(player.frames)
            player.until(lambda seen_now: len(seen_now.frames) > seen + 5)
            player.hand_over()
            assert player.end() == (grpc.StatusCode.UNAVAILABLE, "handed_over")
            assert worker.ended() == 0

    def test_nobody_is_waited_for_beyond_the_time(self) -> None:
        with running(UNRULY, DRAIN_MS="1000") as worker:
            player = worker.play("a")
            player.until(lambda seen: seen.frames)
            began_s = time.monotonic()
            worker.process.terminate()
            assert player.end() == (grpc.StatusCode.UNAVAILABLE, "worker_draining")
            assert time.monotonic() - began_s > 0.9
            assert player.kinds[-1] == "checkpoint"
            assert worker.ended() == 0

    def test_a_worker_without_clients_ends_at_once(self) -> None:
        with running(UNRULY, DRAIN_MS="60000") as worker:
            assert worker.terminate() == 0

    def test_a_second_signal_ends_it_at_once(self) -> None:
        with running(UNRULY, DRAIN_MS="60000") as worker:
            player = worker.play("a")
            player.until(lambda seen: seen.frames)
            worker.process.terminate()
            player.until(lambda seen: seen.drains)
            assert worker.terminate() == 1

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
