# A1. A client that cannot keep up gets smaller pictures before it gets fewer: quality goes first, then the rate.
# A2. Down by one rung when more than five frames were dropped within two seconds, and counted anew from there; up by one
#     after three seconds without a drop.
# A3. A quality that the client named stays as it is; of raw frames nothing is left out.
# A4. The session is stepped at its full rate whatever is sent: frame numbers show the gaps.
# A5. What a gateway counts is of one stream, so a new stream begins at the top.
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.engine.ports import FormatInForce
from meridian_worker.protocol import CODEC_RAW_RGB

DROPS_MAX = 5
WINDOW_US = 2_000_000
CALM_US = 3_000_000


@dataclass(frozen=True, slots=True)
class _Rung:
    # None: the format's own.
    quality: int | None = None
    # Every so many frames one is sent.
    stride: int = 1


TOP = _Rung()
LADDER = (TOP, _Rung(60), _Rung(40), _Rung(40, 2), _Rung(40, 4))
LADDER_OF_NAMED_QUALITY = (TOP, _Rung(None, 2), _Rung(None, 4))


class Adaptation:
    """What of a session's frames is sent, and how well, by how its client keeps up."""

    def __init__(self) -> None:
        self._level = 0
        self._dropped = 0
        self._drops: deque[tuple[int, int]] = deque()
        # Of the last drop, or change of level.
        self._stirred_us = 0

    @property
    def is_lowered(self) -> bool:
        return self._level > 0

    def heard(self, frames_dropped: int, wanted: FormatInForce, now_us: int) -> None:
        """`frames_dropped` is cumulative; when it falls, its counting has begun anew."""
        fresh, self._dropped = frames_dropped - self._dropped, frames_dropped
        if fresh <= 0:
            return
        self._stirred_us = now_us
        self._drops.append((now_us, fresh))
        while self._drops[0][0] < now_us - WINDOW_US:
            self._drops.popleft()
        if sum(drops for _, drops in self._drops) > DROPS_MAX:
            self._drops.clear()
            self._level = min(self._level + 1, len(_ladder(wanted)) - 1)

    def image_of(self, number: int, wanted: FormatInForce, now_us: int) -> ImageFormat | None:
        """How the frame of this number is to be encoded; None when it is not to be sent."""
        if self._level == 0:
            return wanted.image
        if now_us - self._stirred_us >= CALM_US:
            self._level -= 1
            self._stirred_us = now_us
        ladder = _ladder(wanted)
        rung = ladder[min(self._level, len(ladder) - 1)]
        if number % rung.stride:
            return None
        return wanted.image if rung.quality is None else replace(wanted.image, quality=rung.quality)


def _ladder(wanted: FormatInForce) -> Sequence[_Rung]:
    if wanted.image.codec == CODEC_RAW_RGB:
        return (TOP,)
    return LADDER_OF_NAMED_QUALITY if wanted.message is not None and wanted.message.quality else LADDER
