"""What a client asked frames to look like, checked and with the worker's own choice where it asked for nothing."""

from dataclasses import dataclass

from meridian_worker.protocol import CODEC_JPEG, CODEC_RAW_RGB, CODEC_WEBP, FrameFormat
from meridian_worker.refusal import Refusal

CODECS = (CODEC_JPEG, CODEC_WEBP, CODEC_RAW_RGB)
SIDE_MIN, SIDE_MAX = 16, 1_024
QUALITY_OWN = 85
QUALITY_MAX = 100


@dataclass(frozen=True, slots=True)
class ImageFormat:
    codec: int
    width: int
    height: int
    quality: int


def read_format(message: FrameFormat | None, width: int, height: int) -> ImageFormat | Refusal:
    """`width` and `height` are the model's own."""
    if message is None:
        return ImageFormat(CODEC_JPEG, width, height, QUALITY_OWN)
    wrong = _what_is_wrong(message)
    if wrong is not None:
        return Refusal("INVALID_ARGUMENT", "malformed_format", wrong)
    return ImageFormat(
        codec=message.codec or CODEC_JPEG,
        width=message.width or width,
        height=message.height or height,
        quality=message.quality or QUALITY_OWN,
    )


def _what_is_wrong(message: FrameFormat) -> str | None:
    if message.codec and message.codec not in CODECS:
        return f"codec: There is no codec {message.codec}."
    if bool(message.width) != bool(message.height):
        return "width: Width and height are set both or neither."
    for name, side in (("width", message.width), ("height", message.height)):
        if side and not SIDE_MIN <= side <= SIDE_MAX:
            return f"{name}: A side has {SIDE_MIN} to {SIDE_MAX} pixels, not {side}."
    if message.quality > QUALITY_MAX:
        return f"quality: Quality is 1 to {QUALITY_MAX}, not {message.quality}."
    return None
