"""The worlds that sessions start from."""

import numpy as np

from meridian_worker.engine.actions import read_action
from meridian_worker.engine.forks import Fork
from meridian_worker.engine.frame_format import read_format
from meridian_worker.engine.ports import ActionInForce, FormatInForce, ModelDescription, StateId
from meridian_worker.engine.session import Session
from meridian_worker.protocol import Checkpoint
from meridian_worker.refusal import Refusal


def origin_of(checkpoint: Checkpoint | None, state: StateId | None, model: ModelDescription) -> Fork:
    """`state`, and what a checkpoint says goes with it."""
    own_format = read_format(None, model.width, model.height)
    assert not isinstance(own_format, Refusal)
    still = np.zeros(len(model.actions), np.float32)
    if checkpoint is None:
        return Fork(state, 0, ActionInForce(0, still), FormatInForce(own_format))
    message = checkpoint.action if checkpoint.HasField("action") else None
    values = still if message is None else read_action(message, model.actions)
    device, seq = checkpoint.action_device, checkpoint.last_action_seq
    asked = checkpoint.format if checkpoint.HasField("format") else None
    image = read_format(asked, model.width, model.height)
    return Fork(
        state=state,
        frame_number=checkpoint.frame_number,
        action=ActionInForce(seq, still if isinstance(values, Refusal) else values, message, device),
        format=FormatInForce(own_format) if isinstance(image, Refusal) else FormatInForce(image, asked),
        device_seqs={each.device: each.seq for each in checkpoint.device_seqs} | {device: seq},
    )


def origin_at_higher_epoch(session: Session) -> Fork:
    """A live session's world, on its way to a higher epoch here. A step under way makes one more frame of it."""
    stepped = session.frame_number + session.stepping
    return Fork(session.state, stepped, session.action, session.format, session.devices.seqs)
