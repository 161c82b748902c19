import pytest

from meridian_worker.engine.ports import Over, SentAway
from meridian_worker.protocol import (
    CODEC_WEBP,
    NOTICE_KIND_ENDING_SOON,
    NOTICE_KIND_MIGRATED,
    NOTICE_KIND_RESUMED,
    NOTICE_KIND_STARTED,
    Action,
    Checkpoint,
    FrameFormat,
    PlayRequest,
    StreamFeedback,
)
from meridian_worker.refusal import Refusal
from support.engine_house import EngineHouse, RecordingStream


@pytest.fixture
def house() -> EngineHouse:
    return EngineHouse()


def warnings(stream: RecordingStream) -> list[tuple[str, int]]:
    soon = [notice for notice in stream.notices if notice.kind == NOTICE_KIND_ENDING_SOON]
    return [(notice.end_reason, notice.ends_in_ms) for notice in soon]


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


class TestCadence:
    def test_steps_every_40_ms_and_numbers_rise_by_one(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        house.clock.advance_ms(1_000)
        assert stream.numbers == list(range(1, 26))
        assert [b.due_us - a.due_us for a, b in zip(stream.frames, stream.frames[1:], strict=False)] == [40_000] * 24

    def test_a_step_too_slow_skips_frames_and_never_queues_them(self, house: EngineHouse) -> None:
        house.model.step_ms = 60
        _, stream = house.open("a")
        house.clock.advance_ms(1_000)
        assert len(stream.frames) == 16
        assert all(frame.due_us <= frame.step_started_us for frame in stream.frames)
        assert house.events.late == [True] * 16

    def test_sessions_due_together_share_a_batch_up_to_the_best_size(self) -> None:
        house = EngineHouse(slots=10, batch_max=3)
        for i in range(7):
            house.open(f"s{i}")
        house.clock.advance_ms(400)
        later = house.model.batches[-6:]
        assert {len(batch) for batch in later} <= {3, 1}
        assert sorted({state for batch in later for state in batch}) == [1, 2, 3, 4, 5, 6, 7]

    def test_an_overloaded_worker_gives_everyone_the_same_rate(self) -> None:
        house = EngineHouse(slots=8, batch_max=1)
        house.model.step_ms = 20
        streams = [house.open(f"s{i}")[1] for i in range(4)]
        house.clock.advance_ms(2_000)
        counts = [len(stream.frames) for stream in streams]
        assert max(counts) - min(counts) <= 1

    def test_a_frame_handed_over_after_40_ms_is_late(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        stream.send_ms = 37
        house.clock.advance_ms(100)
        stream.send_ms = 39
        house.clock.advance_ms(100)
        assert house.events.late == [False, False, False, True, True]
        assert (session.read(0).frames, session.read(0).late_frames) == (5, 2)


class TestAttach:
    def test_the_first_stream_starts_and_a_later_one_of_the_same_client_resumes(self, house: EngineHouse) -> None:
        _, first = house.open("a")
        house.clock.advance_ms(100)
        _, second = house.open("a")
        house.clock.advance_ms(100)
        assert first.notices[0].kind == NOTICE_KIND_STARTED
        assert second.notices[0].kind == NOTICE_KIND_RESUMED
        assert isinstance(first.closing, SentAway) and first.closing.refusal.code == "taken_over"
        assert second.numbers[0] == second.notices[0].next_frame_number > first.numbers[-1]
        assert house.model.dropped == [2]

    def test_a_step_under_way_leaves_no_gap_behind_the_notice(self, house: EngineHouse) -> None:
        _, first = house.open("a")
        house.clock.advance_ms(81)
        _, second = house.open("a")
        house.clock.advance_ms(40)
        _, third = house.open("a", epoch=2)
        house.clock.advance_ms(100)
        for stream in (second, third):
            assert stream.numbers[0] == stream.notices[0].next_frame_number
        numbers = first.numbers + second.numbers + third.numbers
        assert numbers == sorted(set(numbers))

    def test_another_client_is_refused(self, house: EngineHouse) -> None:
        house.open("a")
        request = house.request("a", client_key="another-key-0123456789")
        assert refused(house.try_open(request, RecordingStream(house.clock))) == "token_reused"

    def test_sessions_never_exceed_slots(self) -> None:
        house = EngineHouse(slots=1)
        house.open("a")
        assert refused(house.try_open(house.request("b"), RecordingStream(house.clock))) == "slots_full"

    def test_a_session_counts_as_the_slots_that_its_token_gives_it(self) -> None:
        house = EngineHouse(slots=4)
        house.try_open(house.request("wide", width=3), RecordingStream(house.clock))
        assert refused(house.try_open(house.request("b", width=2), RecordingStream(house.clock))) == "slots_full"
        house.open("c")
        assert refused(house.try_open(house.request("d"), RecordingStream(house.clock))) == "slots_full"
        assert [report.width for report in house.engine.reports(9)] == [3, 1]

    def test_an_unclaimed_token_lapses(self, house: EngineHouse) -> None:
        request = house.request("a", claim_by_ms=house.clock.now_us() // 1_000 - 1)
        assert refused(house.try_open(request, RecordingStream(house.clock))) == "claim_expired"

    def test_a_higher_epoch_goes_on_from_the_live_world_and_fences_the_old(self, house: EngineHouse) -> None:
        _, old = house.open("a")
        house.clock.advance_ms(100)
        moved, new = house.open("a", epoch=2)
        assert isinstance(old.closing, SentAway) and old.closing.refusal.code == "epoch_fenced"
        assert new.notices[0].kind == NOTICE_KIND_MIGRATED
        assert moved.state == 1
        house.clock.advance_ms(100)
        assert new.numbers[0] > old.numbers[-1]
        assert refused(house.try_open(house.request("a"), RecordingStream(house.clock))) == "epoch_fenced"
        assert [(report.epoch, report.end_reason) for report in house.engine.reports(9)] == [(2, ""), (1, "worker_lost")]

    def test_a_restored_session_goes_on_from_its_checkpoint(self, house: EngineHouse) -> None:
        checkpoint = Checkpoint(
            model="fake",
            model_version="1.0.0",
            frame_number=41,
            last_action_seq=7,
            state=b"1234",
            action=Action(seq=7, axes={"forward": 0.5}),
            format=FrameFormat(codec=CODEC_WEBP, quality=30),
        )
        session, stream = house.open("a", epoch=3, checkpoint=checkpoint, next_frame_number=44)
        house.clock.advance_ms(40)
        assert stream.notices[0].kind == NOTICE_KIND_MIGRATED
        assert stream.numbers[0] == 44
        assert house.model.orders[0].action[0] == 0.5
        assert session.action.seq == 7
        assert stream.frames[0].format.quality == 30

    @pytest.mark.parametrize("change", [{"model": "other"}, {"model_version": "2"}, {"state": b"12345"}])
    def test_a_checkpoint_of_another_model_is_refused(self, house: EngineHouse, change: dict[str, object]) -> None:
        fields = {"model": "fake", "model_version": "1.0.0", "state": b"1234"} | change
        request = house.request("a", checkpoint=Checkpoint(**fields))  # type: ignore[arg-type]
        assert refused(house.try_open(request, RecordingStream(house.clock))) == "checkpoint_mismatch"


class TestLimits:
    def test_an_absent_client_is_waited_for_and_then_lost(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.clock.advance_ms(100)
        house.engine.detach(session, stream)
        house.clock.advance_ms(29_999)
        assert session.activity == "held"
        house.clock.advance_ms(2)
        assert session.end_reason == "client_lost"
        assert house.model.dropped == [1]

    def test_the_meter_stands_still_while_held(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.clock.advance_ms(1_000)
        house.engine.detach(session, stream)
        house.clock.advance_ms(10_000)
        assert session.read(house.clock.now_us()).active_ms == 1_000

    def test_idle_and_duration_end_with_their_reasons(self, house: EngineHouse) -> None:
        _, idle = house.open("idle", idle_ms=2_000)
        house.open("old", max_duration_ms=3_000)
        house.clock.advance_ms(4_000)
        assert [(end.session_id, end.reason) for end in house.events.ends] == [("idle", "idle"), ("old", "duration_limit")]
        assert isinstance(idle.closing, Over) and idle.closing.notice.end_reason == "idle"

    def test_an_end_by_its_duration_is_told_a_minute_and_ten_seconds_ahead(self, house: EngineHouse) -> None:
        _, stream = house.open("a", max_duration_ms=600_000, idle_ms=900_000)
        house.clock.advance_ms(600_001)
        assert warnings(stream) == [("duration_limit", 60_000), ("duration_limit", 10_000)]
        assert isinstance(stream.closing, Over)

    def test_a_short_limit_is_told_of_a_fifth_and_a_twentieth_of_it_ahead(self, house: EngineHouse) -> None:
        _, stream = house.open("a", idle_ms=10_000)
        house.clock.advance_ms(7_999)
        assert warnings(stream) == []
        house.clock.advance_ms(2_002)
        assert warnings(stream) == [("idle", 2_000), ("idle", 500)]

    def test_an_action_puts_the_idle_end_off_and_the_next_quiet_time_is_told_of_anew(self, house: EngineHouse) -> None:
        session, stream = house.open("a", idle_ms=10_000)
        for seq in (1, 2):
            house.clock.advance_ms(9_000)
            house.act(session, seq, forward=1.0)
        house.clock.advance_ms(9_900)
        assert warnings(stream) == [("idle", 2_000), ("idle", 2_000), ("idle", 2_000), ("idle", 500)]
        assert session.activity == "active"

    def test_of_two_limits_the_one_that_comes_first_is_told_of(self, house: EngineHouse) -> None:
        session, stream = house.open("a", idle_ms=7_000, max_duration_ms=8_000)
        house.clock.advance_ms(6_500)
        assert warnings(stream) == [("idle", 1_400)]
        house.act(session, 1, forward=1.0)
        house.clock.advance_ms(1_400)
        assert warnings(stream) == [("idle", 1_400), ("duration_limit", 1_500), ("duration_limit", 400)]

    def test_whoever_comes_back_late_is_told_again_and_nobody_is_told_while_away(self, house: EngineHouse) -> None:
        session, first = house.open("a", max_duration_ms=100_000)
        house.clock.advance_ms(85_000)
        house.engine.detach(session, first)
        house.clock.advance_ms(5_000)
        _, second = house.open("a")
        house.clock.advance_ms(1_000)
        house.engine.detach(session, second)
        house.clock.advance_ms(7_000)
        _, third = house.open("a")
        house.clock.advance_ms(1_500)
        seen = [[left_ms for _, left_ms in warnings(stream)] for stream in (first, second, third)]
        assert seen == [[20_000], [10_000], [2_000]]

    def test_credit_ends_a_session_at_so_much_active_time_and_is_told_of_ahead(self, house: EngineHouse) -> None:
        session, first = house.open("a", credit_ms=20_000)
        house.clock.advance_ms(10_000)
        house.engine.detach(session, first)
        house.clock.advance_ms(15_000)
        _, second = house.open("a")
        house.clock.advance_ms(10_001)
        assert warnings(first) == []
        assert warnings(second) == [("budget_exhausted", 4_000), ("budget_exhausted", 1_000)]
        assert isinstance(second.closing, Over) and second.closing.notice.end_reason == "budget_exhausted"
        report = house.engine.reports(9)[0]
        assert (report.active_ms, report.credit_ms) == (20_000, 20_000)

    def test_credit_that_is_renewed_is_not_told_of_and_never_falls(self, house: EngineHouse) -> None:
        session, stream = house.open("a", credit_ms=20_000)
        house.clock.advance_ms(10_000)
        for epoch, credit_ms in ((1, 40_000), (1, 15_000), (2, 90_000)):
            house.engine.renew_credit("a", epoch, credit_ms)
        house.clock.advance_ms(20_000)
        assert (warnings(stream), session.activity) == ([], "active")
        house.clock.advance_ms(10_001)
        assert warnings(stream) == [("budget_exhausted", 6_000), ("budget_exhausted", 1_500)]

    def test_credit_may_be_given_to_a_session_without_a_limit(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        house.clock.advance_ms(10_000)
        house.engine.renew_credit("a", 1, 9_000)
        assert isinstance(stream.closing, Over) and stream.closing.notice.end_reason == "budget_exhausted"


class TestActions:
    def test_the_newest_action_is_in_force_and_older_ones_are_ignored(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        assert house.engine.act(session, stream, PlayRequest(action=Action(seq=5, axes={"forward": 1.0}))) is None
        assert house.engine.act(session, stream, PlayRequest(action=Action(seq=4, axes={"forward": -1.0}))) is None
        house.clock.advance_ms(80)
        assert house.model.orders[-1].action[0] == 1.0
        assert stream.frames[-1].action.seq == 5

    def test_each_device_counts_for_itself_and_what_arrived_last_is_in_force(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        seen = []
        house.clock.advance_ms(30)
        for device, seq, forward in ((0, 5, 0.5), (2, 1, -0.5), (0, 5, 0.1), (2, 1, 0.2), (0, 6, 1.0)):
            house.act(session, seq, device, gateway_us=device + seq, forward=forward)
            house.clock.advance_ms(40)
            action = stream.frames[-1].action
            seen.append((action.device, action.seq, action.gateway_us, float(house.model.orders[-1].action[0])))
        assert seen == [(0, 5, 5, 0.5), (2, 1, 3, -0.5), (2, 1, 3, -0.5), (2, 1, 3, -0.5), (0, 6, 6, 1.0)]

    def test_a_checkpoint_holds_the_numbers_of_every_device(self, house: EngineHouse) -> None:
        session, _ = house.open("a")
        house.act(session, 9)
        house.act(session, 4, device=1, forward=1.0)
        house.act(session, 2, device=3, forward=-1.0)
        checkpoint = house.engine.checkpoint_of(session, b"1234")
        assert (checkpoint.last_action_seq, checkpoint.action_device) == (2, 3)
        assert {each.device: each.seq for each in checkpoint.device_seqs} == {0: 9, 1: 4}
        restored, stream = house.open("b", checkpoint=checkpoint)
        for device, seq in ((0, 9), (1, 4), (3, 2)):
            house.act(restored, seq, device, forward=0.1)
        house.clock.advance_ms(40)
        assert (stream.frames[-1].action.device, stream.frames[-1].action.values[0]) == (3, -1.0)
        house.act(restored, 10, forward=0.2)
        assert restored.action.device == 0

    def test_the_numbers_of_devices_outlive_a_move_here(self, house: EngineHouse) -> None:
        session, _ = house.open("a")
        house.act(session, 4, device=1)
        house.act(session, 5)
        moved, _ = house.open("a", epoch=2)
        assert moved.devices.seqs == {1: 4, 0: 5}

    def test_of_more_than_nine_devices_the_one_that_was_silent_longest_is_forgotten(self, house: EngineHouse) -> None:
        session, _ = house.open("a")
        for device in range(9):
            house.act(session, 7, device)
        house.act(session, 8, device=1)
        house.act(session, 1, device=20)
        assert session.devices.seqs == {0: 7, 3: 7, 4: 7, 5: 7, 6: 7, 7: 7, 8: 7, 1: 8, 20: 1}

    def test_the_owner_has_a_place_though_it_acts_last(self, house: EngineHouse) -> None:
        session, _ = house.open("a")
        for device in (*range(11, 20), 0):
            house.act(session, 7, device)
        assert session.devices.seqs == {**dict.fromkeys(range(12, 20), 7), 0: 7}

    @pytest.mark.parametrize(
        ("action", "field"),
        [
            (Action(axes={"forward": float("nan")}), "axes.forward"),
            (Action(axes={"yaw": float("inf")}), "axes.yaw"),
            (Action(axes={"yaw": 1.5}), "axes.yaw"),
            (Action(axes={f"axis-{i}": 0.0 for i in range(33)}), "axes"),
            (Action(buttons=["b"] * 33), "buttons"),
            (Action(buttons=["é" * 17]), "buttons[0]"),
            (Action(text="x" * 4_097), "text"),
        ],
    )
    def test_a_malformed_action_is_refused_by_the_name_of_its_field(
        self, house: EngineHouse, action: Action, field: str
    ) -> None:
        session, stream = house.open("a")
        refusal = house.engine.act(session, stream, PlayRequest(action=action))
        assert isinstance(refusal, Refusal)
        assert refusal.code == "malformed_action"
        assert refusal.message.startswith(f"{field}:")

    def test_buttons_serve_keyboards_and_a_named_axis_wins(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.act(
            session,
            stream,
            PlayRequest(action=Action(seq=1, buttons=["back", "turn-right", "sprint"], axes={"forward": 0.25})),
        )
        assert session.action.values.tolist() == [0.25, 0, 1, 1]


class TestFormats:
    @pytest.mark.parametrize(
        "wrong",
        [FrameFormat(codec=9), FrameFormat(width=64), FrameFormat(width=8, height=8), FrameFormat(quality=101)],  # type: ignore[arg-type]
    )
    def test_what_cannot_be_made_is_refused(self, house: EngineHouse, wrong: FrameFormat) -> None:
        session, stream = house.open("a")
        assert refused(house.engine.ask_format(session, stream, wrong)) == "malformed_format"

    def test_the_next_frame_has_it(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.ask_format(session, stream, FrameFormat(width=64, height=36))
        house.clock.advance_ms(40)
        assert (stream.frames[-1].format.width, stream.frames[-1].format.quality) == (64, 85)

    def test_a_client_that_cannot_keep_up_gets_fewer_frames_of_a_world_at_full_rate(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.ask_format(session, stream, FrameFormat(quality=50))
        house.engine.heed(session, stream, StreamFeedback(frames_dropped=6))
        house.clock.advance_ms(1_010)
        assert stream.numbers == list(range(2, 27, 2))
        assert house.model.steps[1] == session.frame_number == 26
        assert session.read(0).frames == 13

    def test_a_new_stream_begins_at_full_quality(self, house: EngineHouse) -> None:
        session, before = house.open("a")
        house.engine.heed(session, before, StreamFeedback(frames_dropped=6))
        house.clock.advance_ms(40)
        _, stream = house.open("a")
        house.engine.heed(session, before, StreamFeedback(frames_dropped=60))
        house.clock.advance_ms(40)
        assert (before.frames[-1].format.quality, stream.frames[-1].format.quality) == (60, 85)


class TestFaults:
    def test_only_the_culprit_of_a_failing_batch_is_ended(self, house: EngineHouse) -> None:
        streams = [house.open(name)[1] for name in ("a", "bad", "c")]
        house.model.fails = lambda states: 2 in states
        house.clock.advance_ms(1_000)
        assert [(end.session_id, end.reason) for end in house.events.ends] == [("bad", "model_failed")]
        assert isinstance(streams[1].closing, Over) and streams[1].closing.notice.end_reason == "model_failed"
        assert len(streams[0].frames) >= 23 and len(streams[2].frames) >= 23

    def test_a_spoiled_state_is_never_gone_on_from(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        _, spoiled = house.open("bad")
        house.model.spoils = lambda state: state == 2
        house.clock.advance_ms(200)
        assert spoiled.frames == []
        assert [end.session_id for end in house.events.ends] == ["bad"]
        assert len(stream.frames) == 5

    def test_a_failure_that_passes_costs_one_step(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        failing = iter([False, True, False, False, False, False, False])
        house.model.fails = lambda _states: next(failing)
        house.clock.advance_ms(200)
        assert session.activity == "active"
        assert stream.numbers == [1, 2, 3, 4, 5]

    def test_three_lost_sessions_put_the_worker_in_quarantine(self, house: EngineHouse) -> None:
        house.model.fails = lambda _states: True
        for name in ("a", "b", "c"):
            house.open(name)
        house.clock.advance_ms(200)
        assert house.engine.quarantined and house.engine.slots == 0
        assert refused(house.try_open(house.request("d"), RecordingStream(house.clock))) == "worker_quarantined"

    def test_a_session_that_cannot_be_started_ends_at_once(self, house: EngineHouse) -> None:
        stream = RecordingStream(house.clock)
        house.engine.attach(house.request("a"), stream, house.engine.origin_of(None, None))
        assert isinstance(stream.closing, Over) and stream.closing.notice.end_reason == "model_failed"
        assert house.engine.sessions == []


class TestCheckpoints:
    def test_one_comes_with_the_first_frame_and_then_each_second(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        house.clock.advance_ms(3_100)
        assert [each.frame_number for each in stream.checkpoints] == [1, 26, 51, 76]
        assert [int.from_bytes(each.state, "big") for each in stream.checkpoints] == [1, 26, 51, 76]

    @pytest.mark.parametrize(("state_bytes", "sent"), [(4_190_208, 2), (4_190_209, 0)])
    def test_a_state_that_does_not_fit_into_a_message_is_kept_for_the_model_and_never_sent(
        self, state_bytes: int, sent: int
    ) -> None:
        house = EngineHouse(state_bytes=state_bytes)
        _, stream = house.open("a")
        house.clock.advance_ms(1_100)
        assert len(stream.checkpoints) == sent
        assert sum(order.pack for order in house.model.orders) == 2
        house.engine.send_everyone_away({1: b"last"})
        assert isinstance(stream.closing, SentAway) and (stream.closing.checkpoint is not None) == (sent > 0)

    def test_a_restored_world_is_stepped_from_the_next_frame_on(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.act(session, stream, PlayRequest(action=Action(seq=9, axes={"forward": 1.0})))
        house.clock.advance_ms(100)
        checkpoint = Checkpoint(frame_number=1, last_action_seq=2, action=Action(seq=2, axes={"forward": -1.0}))
        following = house.engine.restore(session, checkpoint, 77)
        house.clock.advance_ms(100)
        assert following == 4
        assert stream.numbers == [1, 2, 3, 4, 5]
        assert house.model.orders[-1].state == 77
        assert house.model.orders[-1].action[0] == -1.0
        assert session.action.seq == 9

    def test_a_frame_of_the_world_before_a_restore_is_dropped(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.clock.advance_ms(41)
        house.engine.restore(session, Checkpoint(), 77)
        house.clock.advance_ms(10)
        assert [frame.rgb[0] for frame in stream.frames] == [1, 77]


class TestForks:
    def test_an_unclaimed_copy_is_dropped(self, house: EngineHouse) -> None:
        house.engine.forks.put("b", house.engine.origin_of(Checkpoint(frame_number=9), 5), 1_000)
        house.clock.advance_ms(1_001)
        assert house.engine.forks.take("b") is None
        assert house.model.dropped == [5]

    def test_no_more_copies_wait_than_there_are_slots(self) -> None:
        house = EngineHouse(slots=1)
        house.engine.forks.put("b", house.engine.origin_of(None, 5), 1_000)
        assert not house.engine.forks.has_room("c")
        assert house.engine.forks.has_room("b")


class TestReports:
    def test_counters_rise_and_ended_sessions_stay_until_acknowledged(self, house: EngineHouse) -> None:
        house.open("a")
        house.clock.advance_ms(1_000)
        first = house.engine.reports(9)
        house.engine.end("a", 1, "client_ended")
        second = house.engine.reports(9)
        assert second[0].seq > first[0].seq
        assert (second[0].end_reason, second[0].frames) == ("client_ended", 25)
        house.engine.acknowledge(["a"], second)
        assert house.engine.reports(9) == []
        assert refused(house.try_open(house.request("a"), RecordingStream(house.clock))) == "session_ended"

    def test_an_end_of_a_lower_epoch_is_refused(self, house: EngineHouse) -> None:
        house.open("a", epoch=5)
        house.engine.end("a", 4, "client_ended")
        assert len(house.engine.sessions) == 1


class TestHandOver:
    def test_the_step_under_way_is_the_last_and_its_state_leaves(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.clock.advance_ms(81)
        assert session.stepping
        assert house.engine.begin_hand_over(session)
        assert not house.engine.begin_hand_over(session)
        house.clock.advance_ms(500)
        house.engine.finish_hand_over(session, b"1234")
        assert stream.numbers == [1, 2, 3]
        assert isinstance(stream.closing, SentAway) and stream.closing.checkpoint is not None
        assert stream.closing.refusal.code == "handed_over"
        assert (stream.closing.checkpoint.frame_number, stream.closing.checkpoint.state) == (3, b"1234")
        assert [(each.epoch, each.end_reason, each.frames) for each in house.engine.reports(9)] == [(1, "worker_lost", 3)]
        assert house.model.dropped == [1]
        assert [end.reason for end in house.events.ends] == ["moved_on"]

    def test_neighbours_go_on(self, house: EngineHouse) -> None:
        session, _ = house.open("a")
        _, neighbour = house.open("b")
        house.engine.begin_hand_over(session)
        house.clock.advance_ms(1_000)
        assert neighbour.numbers == list(range(1, 26))

    def test_the_old_epoch_is_fenced_and_the_next_one_may_come(self, house: EngineHouse) -> None:
        session, _ = house.open("a", epoch=4)
        house.engine.begin_hand_over(session)
        house.engine.finish_hand_over(session, None)
        stream = RecordingStream(house.clock)
        assert refused(house.try_open(house.request("a", epoch=4), stream)) == "epoch_fenced"
        house.open("a", epoch=5)

    def test_a_session_that_ended_meanwhile_stays_ended(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.begin_hand_over(session)
        house.engine.end("a", 1, "client_ended")
        house.engine.finish_hand_over(session, b"1234")
        assert isinstance(stream.closing, Over)
        assert [each.end_reason for each in house.engine.reports(9)] == ["client_ended"]

    def test_it_leaves_whatever_becomes_of_its_stream(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.begin_hand_over(session)
        house.engine.detach(session, stream)
        house.engine.finish_hand_over(session, None)
        assert house.engine.sessions == []


class TestLeaving:
    def test_a_draining_worker_keeps_its_sessions_and_takes_no_new_ones(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        house.engine.drain(True)
        house.clock.advance_ms(100)
        assert len(stream.frames) == 3
        assert refused(house.try_open(house.request("b"), RecordingStream(house.clock))) == "worker_draining"
        house.engine.drain(False)
        house.open("b")

    def test_every_stream_is_asked_away_once_a_drain(self, house: EngineHouse) -> None:
        session, stream = house.open("a")
        house.engine.drain(True)
        house.engine.drain(True)
        house.clock.advance_ms(100)
        assert stream.drains == [0]
        _, second = house.open("a")
        assert second.drains == [0]
        house.engine.drain(False)
        house.engine.drain(True)
        assert second.drains == [0, 0]
        house.engine.detach(session, second)
        house.engine.begin_termination(5_000, lambda: None)
        house.clock.advance_ms(1_500)
        _, third = house.open("a")
        assert third.drains == [3_500]

    def test_termination_waits_for_sessions_with_a_stream_and_no_others(self, house: EngineHouse) -> None:
        held, away = house.open("held")
        house.engine.detach(held, away)
        moving, _ = house.open("moving")
        ending, _ = house.open("ending")
        left: list[bool] = []
        house.engine.begin_termination(5_000, lambda: left.append(True))
        house.engine.end(ending.id, 1, "client_ended")
        assert left == []
        house.engine.begin_hand_over(moving)
        house.engine.finish_hand_over(moving, b"1234")
        assert left
        assert house.engine.sessions == [held]

    def test_a_worker_without_streams_has_left_at_once(self, house: EngineHouse) -> None:
        left: list[bool] = []
        house.engine.begin_termination(5_000, lambda: left.append(True))
        assert left == [True]

    def test_everyone_is_sent_away_with_the_newest_checkpoint(self, house: EngineHouse) -> None:
        _, stream = house.open("a")
        house.clock.advance_ms(100)
        house.engine.begin_termination(0, lambda: None)
        house.engine.stop_stepping()
        house.engine.send_everyone_away({1: b"last"})
        assert isinstance(stream.closing, SentAway) and stream.closing.checkpoint is not None
        assert (stream.closing.checkpoint.frame_number, stream.closing.checkpoint.state) == (3, b"last")
        assert house.engine.slots == 0
        assert refused(house.try_open(house.request("a"), RecordingStream(house.clock))) == "worker_draining"
