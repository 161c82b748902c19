# X1. What takes longer than handing it to another thread is encoded in a small pool; a small JPEG (0.1 ms) at once.
# X2. At most one frame of a stream is in the pool (outbox.py), so the pool's queue is bounded by the streams.
import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from meridian_worker.encode.images import EncodedImage, encode
from meridian_worker.engine.frame_format import ImageFormat
from meridian_worker.protocol import CODEC_JPEG, CODEC_RAW_RGB

AT_ONCE_PIXELS_MAX = 160 * 120


class FrameEncoder:
    def __init__(self, width: int, height: int, threads: int, encoded: Callable[[float], None]) -> None:
        """`encoded` hears the milliseconds of each image."""
        self._width = width
        self._height = height
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encode")
        self._encoded = encoded

    async def encode(self, rgb: bytes, wanted: ImageFormat) -> EncodedImage:
        began = time.perf_counter()
        if self._is_quick(wanted):
            image = encode(rgb, self._width, self._height, wanted)
        else:
            loop = asyncio.get_running_loop()
            image = await loop.run_in_executor(self._pool, encode, rgb, self._width, self._height, wanted)
        self._encoded((time.perf_counter() - began) * 1_000)
        return image

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_quick(self, wanted: ImageFormat) -> bool:
        if (wanted.width, wanted.height) != (self._width, self._height):
            return False
        small = wanted.width * wanted.height <= AT_ONCE_PIXELS_MAX
        return wanted.codec == CODEC_RAW_RGB or (wanted.codec == CODEC_JPEG and small)
