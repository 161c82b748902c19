from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from meridian_worker.encode.images import encode
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.protocol import CODEC_JPEG, CODEC_RAW_RGB, CODEC_WEBP

WIDTH, HEIGHT = 64, 32
PICTURE = np.stack(np.broadcast_arrays(*np.ogrid[0:HEIGHT, 0:WIDTH], 128), -1).astype(np.uint8)


def made(codec: int, width: int = WIDTH, height: int = HEIGHT, quality: int = 85) -> bytes:
    return encode(PICTURE.tobytes(), WIDTH, HEIGHT, ImageFormat(codec, width, height, quality)).data


@pytest.mark.parametrize(("codec", "name"), [(CODEC_JPEG, "JPEG"), (CODEC_WEBP, "WEBP")])
def test_an_image_shows_the_frame_at_the_size_asked_for(codec: int, name: str) -> None:
    image = Image.open(BytesIO(made(codec, 128, 64)))
    assert (image.format, image.size) == (name, (128, 64))
    assert np.abs(np.asarray(image.resize((WIDTH, HEIGHT)), int) - PICTURE).mean() < 3


def test_raw_is_the_frame_itself_and_webp_at_100_loses_nothing() -> None:
    assert made(CODEC_RAW_RGB) == PICTURE.tobytes()
    assert len(made(CODEC_RAW_RGB, 16, 16)) == 16 * 16 * 3
    assert np.array_equal(np.asarray(Image.open(BytesIO(made(CODEC_WEBP, quality=100)))), PICTURE)


def test_a_lower_quality_takes_fewer_bytes_and_the_same_frame_the_same_bytes() -> None:
    assert len(made(CODEC_JPEG, quality=20)) < len(made(CODEC_JPEG, quality=95))
    assert made(CODEC_JPEG) == made(CODEC_JPEG)
