# Who may attach to which session. Pure: everything it weighs is handed to it.
# L1. Sessions held here never take more than the worker's slots, whatever the tokens say.
# L2. An epoch below the highest one seen is refused, and so is one whose session has ended here.
from dataclasses import dataclass

from meridian_worker.engine.epoch_memory import Seen
from meridian_worker.engine.ports import AttachRequest, ModelDescription
from meridian_worker.engine.session import Session
from meridian_worker.protocol import Checkpoint
from meridian_worker.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Start:
    """The session is not served here yet; it needs a state."""


@dataclass(frozen=True, slots=True)
class Resume:
    """The same client is back; an older stream of its gives way."""

    session: Session


@dataclass(frozen=True, slots=True)
class Move:
    """Re-placed at a higher epoch onto the worker that still has the session."""

    session: Session


Admission = Start | Resume | Move | Refusal


@dataclass(frozen=True, slots=True)
class House:
    now_ms: float
    session: Session | None
    seen: Seen | None
    free_slots: int
    # Why no new session is taken at all.
    closed: Refusal | None
    model: ModelDescription


def admit(request: AttachRequest, house: House) -> Admission:
    fenced = _fenced_by(request.grant.epoch, house.seen)
    if fenced is not None:
        return fenced
    if house.session is not None:
        return _readmit(request, house.session)
    return house.closed or _refusal_of_start(request, house) or Start()


def mismatch(checkpoint: Checkpoint, model: ModelDescription) -> Refusal | None:
    """Why a checkpoint is not one of this model's."""
    state_bytes = len(checkpoint.state)
    ours = (model.model, model.version, model.state_bytes)
    if (checkpoint.model, checkpoint.model_version, state_bytes) == ours:
        return None
    return Refusal(
        "FAILED_PRECONDITION",
        "checkpoint_mismatch",
        f"The checkpoint is of {checkpoint.model} {checkpoint.model_version} with {state_bytes} bytes of state; "
        f"the worker serves {model.model} {model.version} with {model.state_bytes}.",
    )


def _fenced_by(epoch: int, seen: Seen | None) -> Refusal | None:
    if seen is None or epoch > seen.epoch:
        return None
    if epoch < seen.epoch:
        return Refusal("PERMISSION_DENIED", "epoch_fenced", f"The session has moved on to epoch {seen.epoch}.")
    return Refusal("FAILED_PRECONDITION", "session_ended", "The session has ended.") if seen.ended else None


def _readmit(request: AttachRequest, session: Session) -> Admission:
    if request.client_key != session.client_key:
        return Refusal("PERMISSION_DENIED", "token_reused", "Another client has claimed this session.")
    return Resume(session) if request.grant.epoch == session.epoch else Move(session)


def _refusal_of_start(request: AttachRequest, house: House) -> Refusal | None:
    if house.now_ms > request.grant.claim_by_ms:
        return Refusal("UNAUTHENTICATED", "claim_expired", "The session was not claimed in time.")
    if house.free_slots < request.grant.width:
        taken = f"The session takes {request.grant.width} of the worker's slots"
        return Refusal("RESOURCE_EXHAUSTED", "slots_full", f"{taken}, of which {house.free_slots} are free.")
    return None if request.checkpoint is None else mismatch(request.checkpoint, house.model)
