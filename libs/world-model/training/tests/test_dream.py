import numpy as np
import onnxruntime
import torch

from dream.export import STATE_BYTES, export
from dream.net import Dream
from world import motion
from world.generated import generated


def test_a_generated_place_is_the_same_for_the_same_seed_and_has_room_to_stand():
    for seed in range(5):
        a, b = generated(seed), generated(seed)
        assert np.array_equal(a.boxes, b.boxes) and a.paintings == b.paintings
        x, y, _ = np.array(a.spawns).T
        assert len(a.spawns) >= 2 and a.distance(x, y)[0].min() > motion.RADIUS_M


def test_the_exported_step_shifts_its_frames_and_stands_still_on_no_action(tmp_path):
    torch.manual_seed(1)
    export(Dream(), tmp_path / "dream.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "dream.onnx"), providers=["CPUExecutionProvider"])
    state = np.random.default_rng(2).integers(0, 256, (2, STATE_BYTES)).astype(np.uint8)
    action = np.float32([[0, 0, 0, 0], [1, 0, 0.5, 0]])
    after, frame = session.run(["next_state", "frame"], {"state": state, "action": action})
    assert after.shape == state.shape and after.dtype == frame.dtype == np.uint8
    quarter = STATE_BYTES // 4
    assert np.array_equal(after[:, : 3 * quarter], state[:, quarter:])
    assert np.array_equal(after[:, 3 * quarter :], frame.reshape(2, -1))
    assert np.array_equal(frame[0].reshape(-1), state[0, 3 * quarter :])
    assert not np.array_equal(frame[1].reshape(-1), state[1, 3 * quarter :])
