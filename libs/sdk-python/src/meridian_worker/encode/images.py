"""A frame to an image."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.protocol import CODEC_JPEG, CODEC_RAW_RGB

LOSSLESS = 100


@dataclass(frozen=True, slots=True)
class EncodedImage:
    format: ImageFormat
    data: bytes


def encode(rgb: bytes, width: int, height: int, wanted: ImageFormat) -> EncodedImage:
    """`rgb` is `width` x `height`, as the model made it."""
    same_size = (wanted.width, wanted.height) == (width, height)
    if wanted.codec == CODEC_RAW_RGB and same_size:
        return EncodedImage(wanted, rgb)
    image = Image.frombuffer("RGB", (width, height), rgb)
    if not same_size:
        image = image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC)
    return EncodedImage(wanted, _encoded(image, wanted))


def _encoded(image: Image.Image, wanted: ImageFormat) -> bytes:
    if wanted.codec == CODEC_RAW_RGB:
        return image.tobytes()
    out = BytesIO()
    if wanted.codec == CODEC_JPEG:
        image.save(out, "JPEG", quality=wanted.quality)
    else:
        image.save(out, "WEBP", quality=wanted.quality, lossless=wanted.quality == LOSSLESS, method=0)
    return out.getvalue()
