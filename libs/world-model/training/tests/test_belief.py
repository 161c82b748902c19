"""What `dream` believes: how it is written, when it looks, and that it keeps it."""

import numpy as np
import torch
from dreams import SIZE, random_clips, run, true_views

from dream import belief
from dream.export import FRAMES_BYTES
from dream.net import Dream, Recall, next_frame, recalled
from dream.pool import Pool
from dream.recall import as_pose, likeliest
from evaluate import state as states


def test_a_belief_is_nine_bytes_the_same_to_the_bit_when_written_again_and_never_none():
    rng = np.random.default_rng(8)
    poses = rng.uniform([0, 0, -np.pi], [*SIZE, np.pi], (4_000, 3)).astype(np.float32)
    poses[0], poses[1] = (0, 0, 0), (*SIZE, 3.1415925)
    written = belief.encode(torch.tensor(poses))
    read = belief.decode(written)
    assert ((read - torch.tensor(poses)).abs() < torch.tensor([5e-6, 5e-6, 5e-7])).all() and torch.equal(belief.encode(read), written)
    assert belief.is_none(torch.zeros(2, belief.BYTES, dtype=torch.uint8)).all() and not belief.is_none(written).any()
    assert np.array_equal(states.pose_bytes(read.double().numpy()), written.numpy())
    assert written[:1].tolist() == [[1, 0, 0, 1, 0, 0, 0, 0, 128]]


def test_a_state_whose_pose_is_not_known_looks_once_and_then_moves_what_it_believes(net, exported):
    frames, poses = true_views(2)
    seen = (frames.repeat(1, 4, 1, 1) * 255).round().to(torch.uint8).reshape(2, 4, 3, 72, 128).permute(0, 1, 3, 4, 2).numpy()
    action = np.float32([[1, 0.2, -0.5, 0]]).repeat(2, 0)
    after, _ = run(exported, states.start(seen), action)
    told, _ = run(exported, states.start(seen, poses.numpy()), action)
    with torch.no_grad():
        looked = net.recall.transition(as_pose(likeliest(*net.recall.locator(frames))), torch.tensor(action))
        moved = net.recall.transition(poses, torch.tensor(action))
    believed, known = (belief.decode(torch.tensor(s[:, FRAMES_BYTES:])) for s in (after, told))
    assert (believed - looked).abs().max() < 1e-3 and (known - moved).abs().max() < 1e-5
    other = told.copy()
    other[:, :FRAMES_BYTES] = 255 - other[:, :FRAMES_BYTES]  # once it has a belief, no frame changes it
    again, strange = (run(exported, s, action)[0][:, FRAMES_BYTES:] for s in (told, other))
    assert np.array_equal(again, strange) and not np.array_equal(again, told[:, FRAMES_BYTES:])


def test_a_slot_of_the_pool_that_starts_from_frames_made_worse_is_told_where_they_were_seen_from():
    pool = Pool(random_clips(), life=5, corruption=1.0, device="cpu")
    slots, _, believed, _, _ = pool.take(np.random.default_rng(0), 8)
    true = torch.from_numpy(pool.clips.poses[pool.walk[slots], pool.at[slots]])
    assert torch.equal(believed, belief.encode(true))


def test_without_a_unet_the_frame_is_what_memory_shows():
    torch.manual_seed(1)
    net, (frames, poses) = Dream(Recall(SIZE), unet=False).eval(), true_views(2)
    context, action = frames.repeat(1, 4, 1, 1), torch.tensor([[1.0, 0, 0, 0]]).expand(2, 4)
    with torch.no_grad():
        picture, _ = recalled(net, context, belief.encode(poses), action)
        assert torch.equal(next_frame(net, context, action, picture), picture)
