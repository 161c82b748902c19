# O1. Newest wins: one frame waits, and one is being encoded or written; a newer one takes the place of the one that
#     waits. Memory for a reader that reads nothing is two frames, two checkpoints and a few notices.
# O2. Frames leave in the order of their numbers; a frame is counted when it is handed to the transport, not before.
# O3. After `close` nothing else is written but the last words, and no frame is counted.
import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from meridian_worker.clock import Clock
from meridian_worker.encode.images import EncodedImage
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.ports import Closing, Over, SentAway, SteppedFrame
from meridian_worker.protocol import NOTICE_KIND_ENDING_SOON, Checkpoint, Draining, Frame, Notice, PlayResponse

Encode = Callable[[bytes, ImageFormat], Awaitable[EncodedImage]]


class HalfClosed:
    """The client has said that it sends no more: the stream ends with OK, the session is held."""


class Outbox:
    def __init__(self, clock: Clock, encode: Encode, write: Callable[[bytes], Awaitable[None]]) -> None:
        """`write` resolves when the transport can take more, and raises when it is gone."""
        self._clock = clock
        self._encode = encode
        self._write = write
        self._something = asyncio.Event()
        # Notices, and what is said of draining.
        self._sayings: deque[PlayResponse] = deque()
        self._frame: SteppedFrame | None = None
        self._checkpoint: Checkpoint | None = None
        self._closing: Closing | HalfClosed | None = None
        # Set when the stream is closed, with its last words perhaps still to be written.
        self.closed = asyncio.Event()

    def notice(self, notice: Notice) -> None:
        if notice.kind == NOTICE_KIND_ENDING_SOON and self._sayings and self._sayings[-1].notice.kind == notice.kind:
            self._sayings.pop()
        self._say(PlayResponse(notice=notice))

    def draining(self, within_ms: int) -> None:
        self._say(PlayResponse(draining=Draining(within_ms=within_ms)))

    def frame(self, frame: SteppedFrame) -> None:
        self._frame = frame
        self._something.set()

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._something.set()

    def close(self, closing: Closing | HalfClosed) -> None:
        if self._closing is None:
            self._closing = closing
            self._something.set()
            self.closed.set()

    @property
    def closing(self) -> Closing | HalfClosed | None:
        return self._closing

    async def pump(self) -> None:
        """Writes until the stream is closed and its last words are out."""
        while self._closing is None:
            await self._something.wait()
            self._something.clear()
            await self._write_waiting()
        await self._write_last_words(self._closing)

    def _say(self, saying: PlayResponse) -> None:
        if self._closing is None:
            self._sayings.append(saying)
            self._something.set()

    async def _write_waiting(self) -> None:
        await self._write_sayings()
        frame, self._frame = self._frame, None
        if frame is not None and self._closing is None:
            await self._write_frame(frame)
        checkpoint, self._checkpoint = self._checkpoint, None
        if checkpoint is not None and self._closing is None:
            await self._write(_bytes_of(PlayResponse(checkpoint=checkpoint)))

    async def _write_frame(self, frame: SteppedFrame) -> None:
        image = await self._encode(frame.rgb, frame.format)
        if self._closing is not None:
            return
        now_us = self._clock.now_us()
        message = _frame_message(frame, image, now_us)
        frame.sent(now_us)
        await self._write(message)

    async def _write_sayings(self) -> None:
        while self._sayings:
            await self._write(_bytes_of(self._sayings.popleft()))

    async def _write_last_words(self, closing: Closing | HalfClosed) -> None:
        await self._write_sayings()
        if isinstance(closing, Over):
            await self._write(_bytes_of(PlayResponse(notice=closing.notice)))
        elif isinstance(closing, SentAway) and closing.checkpoint is not None:
            await self._write(_bytes_of(PlayResponse(checkpoint=closing.checkpoint)))


def _frame_message(frame: SteppedFrame, image: EncodedImage, encoded_us: int) -> bytes:
    return _bytes_of(
        PlayResponse(
            frame=Frame(
                number=frame.number,
                keyframe=True,
                codec=image.format.codec,  # type: ignore[arg-type]
                width=image.format.width,
                height=image.format.height,
                last_action_seq=frame.action.seq,
                epoch=frame.epoch,
                action_received_us=frame.action.received_us,
                step_started_us=frame.step_started_us,
                step_ended_us=frame.step_ended_us,
                encoded_us=encoded_us,
                last_action_device=frame.action.device,
                action_gateway_us=frame.action.gateway_us,
                image=image.data,
            )
        )
    )


def _bytes_of(message: PlayResponse) -> bytes:
    return message.SerializeToString()
