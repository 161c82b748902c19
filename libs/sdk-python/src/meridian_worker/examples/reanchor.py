# Pulling a drifting dream back, as libs/world-model/src/reanchor.ts does to the bit. Whole numbers only.
#
# A1. It looks at the frame shown and nothing else: a state begins with the last frames shown, also in a pull and after.
# A2. It acts after `patience` frames in a row too flat to be the place, and then not again for `cooldown` frames.
# A3. A pull blends over `fade` frames into the anchor that looks most alike, then starts there: from that frame, standing
#     still, with the anchor's rest of the state (its pose) behind. What the model keeps there meanwhile is left alone.
# A4. An idle visitor is left alone: no frame of a zero action counts or changes.
# A5. What it remembers of a session travels with the session's state: restored, it does the same at the same frames.
import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

# Of R, G and B, of 256.
LUMA = np.array([77, 150, 29])
# A side of the blocks whose sums are a thumbnail.
BLOCK_PIXELS = 8
# Four unsigned numbers of 16 bits, the low byte first: low, wait, fade, anchor.
MEMORY = struct.Struct("<4H")


@dataclass(frozen=True, slots=True)
class PullMemory:
    """Of one session: frames too flat so far, frames to wait, frame of the pull (0: none), and the anchor it goes to."""

    low: int = 0
    wait: int = 0
    fade: int = 0
    anchor: int = 0

    def pack(self) -> bytes:
        return MEMORY.pack(self.low, self.wait, self.fade, self.anchor)


@dataclass(frozen=True, slots=True)
class Rules:
    # Mean step of luma between horizontal neighbours, in levels of 256, below which a frame is too flat.
    sharpness_min: float
    patience_frames: int
    cooldown_frames: int
    fade_frames: int


@dataclass(frozen=True, slots=True)
class Reanchored:
    memory: PullMemory
    # The frame to show instead of the model's.
    shown: Frame | None = None
    # The session has seen nothing but that frame, and this is the rest of its state, behind the frames.
    rest: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Anchors:
    """True frames of a place, uint8 [N, height, width, 3], and the rest of a state behind its frames [N, rest]."""

    frames: Frame
    rests: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.frames)


class Reanchor:
    def __init__(self, rules: Rules, anchors: Anchors) -> None:
        self._rules = rules
        self._anchors = anchors
        self._thumbnails = _thumbnails(anchors.frames)

    @property
    def rest_bytes(self) -> int:
        """Of a state, behind its frames."""
        return int(self._anchors.rests.shape[1])

    def after(self, action: NDArray[np.float32], frame: Frame, memory: PullMemory) -> Reanchored:
        """What is to become of a frame that the model answered."""
        if not action.any():
            return Reanchored(memory)
        if memory.fade > 0:
            return self._pull(frame, memory)
        if memory.wait > 0:
            return Reanchored(replace(memory, wait=memory.wait - 1))
        return Reanchored(self._watch(frame, memory))

    def unpack(self, data: bytes) -> PullMemory:
        """A memory that the policy cannot have left is none: a state from elsewhere may bring any."""
        memory = PullMemory(*MEMORY.unpack(data))
        rules = self._rules
        fits = memory.low < rules.patience_frames and memory.wait <= rules.cooldown_frames
        fits = fits and memory.fade <= rules.fade_frames and memory.anchor < len(self._anchors)
        return memory if fits else PullMemory()

    def _watch(self, frame: Frame, memory: PullMemory) -> PullMemory:
        height, width, _ = frame.shape
        flat = _contrast_sum(frame) < self._rules.sharpness_min * 256 * (height * (width - 1))
        low = memory.low + 1 if flat else 0
        if low < self._rules.patience_frames:
            return replace(memory, low=low)
        return replace(memory, low=0, fade=1, anchor=self._nearest(frame))

    def _pull(self, frame: Frame, memory: PullMemory) -> Reanchored:
        whole = self._rules.fade_frames
        from_frame = frame.astype(np.int64) * (whole - memory.fade)
        to_anchor = self._anchors.frames[memory.anchor].astype(np.int64) * memory.fade
        mixed = ((from_frame + to_anchor + whole // 2) // whole).astype(np.uint8)
        if memory.fade < whole:
            return Reanchored(replace(memory, fade=memory.fade + 1), mixed)
        after = replace(memory, fade=0, wait=self._rules.cooldown_frames)
        return Reanchored(after, mixed, self._anchors.rests[memory.anchor])

    def _nearest(self, frame: Frame) -> int:
        """The first of equals."""
        distances = np.square(self._thumbnails - _thumbnails(frame[None])).sum(axis=(1, 2, 3))
        return int(distances.argmin())


def _contrast_sum(frame: Frame) -> int:
    """Steps of luma between horizontal neighbours, times 256, summed over the frame."""
    return int(np.abs(np.diff(frame.astype(np.int64) @ LUMA, axis=1)).sum())


def _thumbnails(frames: Frame) -> NDArray[np.int64]:
    count, height, width, _ = frames.shape
    down, across = height // BLOCK_PIXELS, width // BLOCK_PIXELS
    blocks = frames.astype(np.int64).reshape(count, down, BLOCK_PIXELS, across, BLOCK_PIXELS, 3)
    sums: NDArray[np.int64] = blocks.sum(axis=(2, 4))
    return sums
