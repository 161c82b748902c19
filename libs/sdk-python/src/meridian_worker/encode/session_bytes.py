"""The most memory that one session can take in the worker and in the model's process, all queues full."""

from meridian_worker.engine.frame_format import SIDE_MAX
from meridian_worker.engine.ports import ModelDescription

# A session's own objects, its stream's and its share of the transport's.
OBJECTS_BYTES = 64 * 1024
# HTTP/2 keeps this much for a reader that reads nothing (its window, and one message being written).
TRANSPORT_BYTES = 128 * 1024
MESSAGE_BYTES_MAX = 64 * 1024


def session_bytes_max(model: ModelDescription) -> int:
    """States: with the model, as last packed, in a waiting fork (both), in a waiting checkpoint, in one being written.
    Frames: one from the model, one waiting, one being encoded with what becomes of it, one being written; at worst raw at
    the largest size.
    """
    own = model.width * model.height * 3
    largest = SIDE_MAX * SIDE_MAX * 3
    return 6 * model.state_bytes + 3 * own + 3 * largest + OBJECTS_BYTES + TRANSPORT_BYTES + MESSAGE_BYTES_MAX
