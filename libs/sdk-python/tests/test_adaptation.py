from itertools import pairwise

from meridian_worker.engine.adaptation import Adaptation
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.ports import FormatInForce
from meridian_worker.protocol import CODEC_JPEG, CODEC_RAW_RGB, FrameFormat

SECOND_US = 1_000_000
OWN = FormatInForce(ImageFormat(CODEC_JPEG, 128, 72, 85))
NAMED = FormatInForce(ImageFormat(CODEC_JPEG, 128, 72, 70), FrameFormat(quality=70))
SMALLER = FormatInForce(ImageFormat(CODEC_JPEG, 64, 36, 85), FrameFormat(width=64, height=36))
RAW = FormatInForce(ImageFormat(CODEC_RAW_RGB, 128, 72, 85), FrameFormat(codec=CODEC_RAW_RGB))


class Line:
    """A client's line, on which `drop` frames are lost."""

    def __init__(self, wanted: FormatInForce = OWN) -> None:
        self.wanted = wanted
        self.now_us = 0
        self.dropped = 0
        self.adaptation = Adaptation()

    def drop(self, frames: int, after_us: int = 0) -> None:
        self.now_us += after_us
        self.dropped += frames
        self.adaptation.heard(self.dropped, self.wanted, self.now_us)

    def pass_us(self, us: int) -> None:
        self.now_us += us

    @property
    def sent(self) -> tuple[int, set[int]]:
        """Of eight frames how many are sent, and at which quality."""
        images = [self.adaptation.image_of(number, self.wanted, self.now_us) for number in range(1, 9)]
        sent = [image for image in images if image is not None]
        return len(sent), {image.quality for image in sent}


def test_quality_goes_first_and_then_the_rate() -> None:
    line = Line()
    seen = [line.sent]
    for _ in range(6):
        line.drop(6)
        seen.append(line.sent)
    assert seen == [(8, {85}), (8, {60}), (8, {40}), (4, {40}), (2, {40}), (2, {40}), (2, {40})]


def test_a_quality_that_the_client_named_stays() -> None:
    line = Line(NAMED)
    seen = []
    for _ in range(3):
        line.drop(6)
        seen.append(line.sent)
    assert seen == [(4, {70}), (2, {70}), (2, {70})]


def test_a_client_that_only_named_a_size_gets_less_quality_first() -> None:
    line = Line(SMALLER)
    line.drop(6)
    assert line.sent == (8, {60})


def test_of_raw_frames_all_are_sent() -> None:
    line = Line(RAW)
    line.drop(1_000)
    assert line.sent == (8, {85})


def test_a_few_drops_change_nothing_and_old_ones_are_forgotten() -> None:
    line = Line()
    line.drop(5)
    line.drop(5, after_us=2 * SECOND_US + 1)
    assert line.sent == (8, {85})
    line.drop(1, after_us=2 * SECOND_US)
    assert line.sent == (8, {60})


def test_drops_are_counted_anew_after_a_step_down() -> None:
    line = Line()
    line.drop(6)
    line.drop(5)
    assert line.sent == (8, {60})


def test_a_count_that_stands_still_is_no_drop() -> None:
    line = Line()
    line.drop(6)
    for _ in range(40):
        line.drop(0, after_us=SECOND_US // 10)
    assert line.sent == (8, {85})


def test_a_count_that_falls_begins_anew() -> None:
    line = Line()
    line.drop(100)
    line.dropped = 0
    line.drop(0)
    line.drop(5)
    assert line.sent == (8, {60})
    line.drop(1)
    assert line.sent == (8, {40})


def test_it_comes_back_a_step_after_each_three_seconds_without_a_drop() -> None:
    line = Line()
    for _ in range(4):
        line.drop(6)
    seen = []
    for _ in range(5):
        line.pass_us(3 * SECOND_US - 1)
        before = line.sent
        line.pass_us(1)
        seen.append((before, line.sent))
    rungs = [(2, {40}), (4, {40}), (8, {40}), (8, {60}), (8, {85})]
    assert seen == [*pairwise(rungs), (rungs[-1], rungs[-1])]


def test_a_format_asked_for_meanwhile_is_never_thinned_beyond_its_own_ladder() -> None:
    line = Line()
    for _ in range(4):
        line.drop(6)
    line.wanted = NAMED
    assert line.sent == (2, {70})
    line.wanted = RAW
    assert line.sent == (8, {85})
