# What the region's own processes ask of a session: its end, its checkpoint, another moment of it, a copy of it.
from collections.abc import Awaitable
from typing import TypeVar

from meridian_worker.engine.admission import mismatch
from meridian_worker.engine.engine import DRAINING, QUARANTINED, Fenced
from meridian_worker.engine.forks import Fork
from meridian_worker.engine.ports import ActionInForce, StateId
from meridian_worker.engine.session import Session
from meridian_worker.model.host import ModelError
from meridian_worker.protocol import (
    CheckpointRequest,
    CheckpointResponse,
    DrainRequest,
    DrainResponse,
    EndRequest,
    EndResponse,
    ForkRequest,
    ForkResponse,
    RestoreRequest,
    RestoreResponse,
)
from meridian_worker.refusal import Refusal, RefusalError
from meridian_worker.serve.serve_session import ServePorts, unpack

T = TypeVar("T")

CLAIM_MS_OWN = 60_000
CLAIM_MS_MAX = 600_000
SESSION_ID_CHARACTERS_MAX = 64


async def end_session(ports: ServePorts, request: EndRequest) -> EndResponse:
    ended = ports.engine.end(request.session_id, request.epoch, request.end_reason)
    if isinstance(ended, Fenced):
        raise _fenced(ended.epoch)
    known = ended.report is not None
    ports.logger.info(
        "session ended by the control plane", sessionId=request.session_id, reason=request.end_reason, known=known
    )
    return EndResponse(report=ended.report)


async def drain(ports: ServePorts, _request: DrainRequest) -> DrainResponse:
    ports.engine.drain(True)
    return DrainResponse(sessions=len(ports.engine.sessions))


async def checkpoint(ports: ServePorts, request: CheckpointRequest) -> CheckpointResponse:
    session, state = _live(ports, request.session_id, request.epoch)
    packed = await _asked(ports.model.pack([state]))
    if session.state != state or state not in packed:
        raise RefusalError("ABORTED", "session_changed", "The session has ended or was restored meanwhile.")
    return CheckpointResponse(checkpoint=ports.engine.checkpoint_of(session, packed[state]))


async def restore(ports: ServePorts, request: RestoreRequest) -> RestoreResponse:
    _live(ports, request.session_id, request.epoch)
    refused = mismatch(request.checkpoint, ports.model.description)
    if refused is not None:
        raise _error(refused)
    restored = await unpack(ports.model, request.checkpoint.state)
    try:
        session, _ = _live(ports, request.session_id, request.epoch)
    except RefusalError:
        ports.model.drop(restored)
        raise
    return RestoreResponse(next_frame_number=ports.engine.restore(session, request.checkpoint, restored))


async def fork(ports: ServePorts, request: ForkRequest) -> ForkResponse:
    engine = ports.engine
    _live(ports, request.session_id, request.epoch)
    refused = _refusal_of_fork(ports, request)
    if refused is not None:
        raise _error(refused)
    session, state = _live(ports, request.session_id, request.epoch)
    copy = await _asked(ports.model.copy(state))
    if not engine.forks.has_room(request.fork_session_id):
        ports.model.drop(copy)
        raise _error(_forks_full())
    # The new client counts its actions from 1; what the copy was doing holds until the first of them.
    action = ActionInForce(0, session.action.values, session.action.message)
    world = Fork(copy, session.frame_number, action, engine.origin_of(None, None).format)
    engine.forks.put(request.fork_session_id, world, request.claim_ms or CLAIM_MS_OWN)
    return ForkResponse(frame_number=world.frame_number)


def _refusal_of_fork(ports: ServePorts, request: ForkRequest) -> Refusal | None:
    engine = ports.engine
    if not 0 < len(request.fork_session_id) <= SESSION_ID_CHARACTERS_MAX:
        return Refusal("INVALID_ARGUMENT", "malformed_message", "fork_session_id: It has 1 to 64 characters.")
    if request.claim_ms > CLAIM_MS_MAX:
        return Refusal("INVALID_ARGUMENT", "malformed_message", f"claim_ms: It is at most {CLAIM_MS_MAX}.")
    if engine.quarantined:
        return QUARANTINED
    if engine.draining:
        return DRAINING
    if engine.find(request.fork_session_id) is not None:
        return Refusal("ALREADY_EXISTS", "already_served", "The session is served here already.")
    return None if engine.forks.has_room(request.fork_session_id) else _forks_full()


def _live(ports: ServePorts, session_id: str, epoch: int) -> tuple[Session, StateId]:
    session = ports.engine.find(session_id)
    if session is None or session.state is None:
        raise RefusalError("NOT_FOUND", "unknown_session", "The session is not served here.")
    if session.epoch > epoch:
        raise _fenced(session.epoch)
    return session, session.state


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except ModelError as error:
        raise RefusalError("UNAVAILABLE", "model_failed", f"The model did not answer: {error}") from error


def _forks_full() -> Refusal:
    return Refusal("RESOURCE_EXHAUSTED", "forks_full", "As many copies wait as the worker has slots.")


def _fenced(epoch: int) -> RefusalError:
    return RefusalError("FAILED_PRECONDITION", "epoch_fenced", f"The session is served at epoch {epoch}.")


def _error(refusal: Refusal) -> RefusalError:
    return RefusalError(refusal.status, refusal.code, refusal.message)
