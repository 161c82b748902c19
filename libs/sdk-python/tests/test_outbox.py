import asyncio

import numpy as np

from meridian_worker.encode.images import EncodedImage
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.ports import ActionInForce, Over, SteppedFrame
from meridian_worker.protocol import (
    CODEC_RAW_RGB,
    NOTICE_KIND_ENDED,
    NOTICE_KIND_ENDING_SOON,
    Checkpoint,
    Notice,
    PlayResponse,
)
from meridian_worker.serve.outbox import Outbox
from support.virtual_clock import VirtualClock

RAW = ImageFormat(CODEC_RAW_RGB, 16, 16, 85)
ACTION = ActionInForce(7, np.zeros(1, np.float32), device=2, received_us=20, gateway_us=10)


class SlowReader:
    """Takes a message only when it is told to."""

    def __init__(self) -> None:
        self.read: list[PlayResponse] = []
        self.counted: list[int] = []
        self._room = asyncio.Semaphore(0)
        self.outbox = Outbox(VirtualClock(), self.encode, self.write)

    async def encode(self, rgb: bytes, wanted: ImageFormat) -> EncodedImage:
        return EncodedImage(wanted, rgb)

    async def write(self, message: bytes) -> None:
        self.read.append(PlayResponse.FromString(message))
        await self._room.acquire()

    async def take(self, messages: int = 1) -> None:
        for _ in range(messages):
            self._room.release()
        await settle()

    def frame(self, number: int) -> None:
        sent = lambda _at_us: self.counted.append(number)  # noqa: E731
        self.outbox.frame(SteppedFrame(number, 1, ACTION, 0, 0, 0, b"rgb", RAW, sent))

    @property
    def numbers(self) -> list[int]:
        return [each.frame.number for each in self.read if each.HasField("frame")]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_newer_frame_takes_the_place_of_the_one_that_waits() -> None:
    async def scene() -> None:
        reader = SlowReader()
        pump = asyncio.create_task(reader.outbox.pump())
        for number in range(1, 6):
            reader.frame(number)
            await settle()
        await reader.take(2)
        assert reader.numbers == [1, 5]
        assert reader.counted == [1, 5]
        pump.cancel()

    asyncio.run(scene())


def test_notices_go_first_and_none_is_lost() -> None:
    async def scene() -> None:
        reader = SlowReader()
        pump = asyncio.create_task(reader.outbox.pump())
        reader.frame(1)
        reader.outbox.checkpoint(Checkpoint(frame_number=1))
        reader.outbox.notice(Notice(detail="first"))
        reader.outbox.notice(Notice(detail="second"))
        await settle()
        await reader.take(4)
        assert [each.WhichOneof("message") for each in reader.read] == ["notice", "notice", "frame", "checkpoint"]
        pump.cancel()

    asyncio.run(scene())


def test_a_frame_says_which_action_of_whom_it_shows() -> None:
    async def scene() -> None:
        reader = SlowReader()
        pump = asyncio.create_task(reader.outbox.pump())
        reader.frame(1)
        await settle()
        frame = reader.read[0].frame
        assert (frame.last_action_seq, frame.last_action_device) == (7, 2)
        assert (frame.action_gateway_us, frame.action_received_us) == (10, 20)
        pump.cancel()

    asyncio.run(scene())


def test_a_reader_that_reads_nothing_keeps_one_warning() -> None:
    async def scene() -> None:
        reader = SlowReader()
        for seconds in range(60):
            reader.outbox.notice(Notice(kind=NOTICE_KIND_ENDING_SOON, ends_in_ms=seconds))
        reader.outbox.draining(5_000)
        pump = asyncio.create_task(reader.outbox.pump())
        await settle()
        await reader.take(2)
        assert [each.notice.ends_in_ms for each in reader.read[:1]] == [59]
        assert reader.read[1].draining.within_ms == 5_000
        pump.cancel()

    asyncio.run(scene())


def test_after_the_close_come_the_last_words_and_no_frame() -> None:
    async def scene() -> None:
        reader = SlowReader()
        pump = asyncio.create_task(reader.outbox.pump())
        reader.frame(1)
        await settle()
        reader.frame(2)
        reader.outbox.close(Over(Notice(kind=NOTICE_KIND_ENDED, end_reason="idle")))
        await reader.take(3)
        await pump
        assert reader.numbers == reader.counted == [1]
        assert reader.read[-1].notice.end_reason == "idle"

    asyncio.run(scene())
