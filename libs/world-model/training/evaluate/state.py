"""The state of `dream`: its last four frames, oldest first, and in nine bytes where it believes to stand (`dream/belief.py`)."""

import numpy as np

CONTEXT, FRAME_BYTES, POSE_BYTES = 4, 72 * 128 * 3, 9
UNITS, FROM = np.array([2**18, 2**18, 2**21]), np.array([0, 0, -4])  # a metre or radian, and what zero is


def start(context: np.ndarray, poses: np.ndarray | None = None) -> np.ndarray:
    """True frames uint8 [N, 4, 72, 128, 3] -> state [N, 110601]: told its poses [N, 3], or else left to look."""
    told = np.zeros((len(context), POSE_BYTES), np.uint8) if poses is None else pose_bytes(poses)
    return np.concatenate([context.reshape(len(context), -1), told], 1)


def standing(frame: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """A frame and the bytes of its pose [9] -> the state [110601] of who has seen nothing else."""
    return np.concatenate([np.tile(frame.reshape(-1), CONTEXT), pose])


def last_frame(state: np.ndarray) -> np.ndarray:
    """state [N, 110601] -> [N, 27648]."""
    return state[:, -FRAME_BYTES - POSE_BYTES : -POSE_BYTES]


def pose_bytes(poses: np.ndarray) -> np.ndarray:
    """x and y in metres, heading in [-pi, pi), [N, 3] -> uint8 [N, 9]: 24 bits each, the low byte first; never all zero."""
    whole = np.clip(np.round((poses - FROM) * UNITS), 1, 2**24 - 1).astype("<u4")
    return whole[:, :, None].view(np.uint8)[:, :, :3].reshape(-1, POSE_BYTES)
