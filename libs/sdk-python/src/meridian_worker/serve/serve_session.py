# One gateway's stream of one session: metadata checked, then actions to the engine and frames from it.
import asyncio
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError

from meridian_worker.clock import Clock
from meridian_worker.contract import NewSession
from meridian_worker.encode.frame_encoder import FrameEncoder
from meridian_worker.engine.admission import Start
from meridian_worker.engine.draw import draw_of
from meridian_worker.engine.engine import Engine
from meridian_worker.engine.forks import Fork
from meridian_worker.engine.ports import AttachRequest, SentAway
from meridian_worker.engine.session import Session
from meridian_worker.log import Logger
from meridian_worker.model.host import ModelError, ModelHost
from meridian_worker.protocol import Checkpoint, PlayRequest
from meridian_worker.refusal import Refusal, RefusalError
from meridian_worker.serve.call_metadata import ServeMetadata, metadata_of, read_serve_metadata
from meridian_worker.serve.grpc_status import INTERNAL, abort
from meridian_worker.serve.hand_over import HandOver
from meridian_worker.serve.outbox import HalfClosed, Outbox
from meridian_worker.serve.session_token import TokenReader

MESSAGE_BYTES_MAX = 64 * 1024
RESTORE_WAIT_S = 5.0
# A reader that reads nothing gets this long for the last words of its stream.
LAST_WORDS_S = 2.0

MALFORMED = Refusal("INVALID_ARGUMENT", "malformed_message", "The message is not a PlayRequest of a session.")
TOO_LARGE = Refusal("RESOURCE_EXHAUSTED", "message_too_large", "A message has at most 65,536 bytes.")
NO_RESTORE = Refusal(
    "INVALID_ARGUMENT", "malformed_restore", "After `meridian-restore: 1` the first message is a restore, within 5 s."
)
STRAY_RESTORE = Refusal(
    "INVALID_ARGUMENT", "malformed_restore", "A restore is the first message of a stream with `meridian-restore: 1`."
)


@dataclass(frozen=True, slots=True)
class ServePorts:
    clock: Clock
    engine: Engine
    model: ModelHost
    tokens: TokenReader
    encoder: FrameEncoder
    hand_over: HandOver
    logger: Logger


async def serve_session(ports: ServePorts, context: grpc.aio.ServicerContext) -> None:
    try:
        metadata = read_serve_metadata(metadata_of(context))
        request = await _request_of(ports, context, metadata)
        outbox = Outbox(ports.clock, ports.encoder.encode, context.write)
        attached = ports.engine.attach(request, outbox, await _origin_of(ports, request))
        if isinstance(attached, Refusal):
            raise RefusalError(attached.status, attached.code, attached.message)
    except RefusalError as error:
        ports.logger.info("stream refused", code=error.refusal.code)
        await abort(context, error.refusal)
    await _Stream(ports, context, attached, outbox).run()


async def _request_of(ports: ServePorts, context: grpc.aio.ServicerContext, metadata: ServeMetadata) -> AttachRequest:
    grant = await ports.tokens.read(metadata.token, ports.clock.now_us() / 1_000)
    checkpoint = await _first_restore(context) if metadata.restore else None
    return AttachRequest(grant, metadata.client_key, metadata.trace_id, checkpoint, metadata.next_frame_number)


async def _first_restore(context: grpc.aio.ServicerContext) -> Checkpoint:
    try:
        async with asyncio.timeout(RESTORE_WAIT_S):
            message = await context.read()
        request = PlayRequest.FromString(message) if isinstance(message, bytes) else PlayRequest()
    except (TimeoutError, DecodeError):
        request = PlayRequest()
    if request.WhichOneof("message") != "restore":
        raise RefusalError(NO_RESTORE.status, NO_RESTORE.code, NO_RESTORE.message)
    return request.restore


async def _origin_of(ports: ServePorts, request: AttachRequest) -> Fork:
    """The world that the session starts from, when it is going to start here."""
    engine, model, checkpoint = ports.engine, ports.model, request.checkpoint
    session_id = request.grant.session_id
    if not isinstance(engine.consider(request), Start):
        return engine.origin_of(None, None)
    fork = engine.forks.take(session_id)
    if fork is not None and checkpoint is None:
        return fork
    if fork is not None and fork.state is not None:
        model.drop(fork.state)
    if checkpoint is not None:
        return engine.origin_of(checkpoint, await unpack(model, checkpoint.state))
    try:
        state = await model.start(NewSession(session_id, draw_of(session_id)))
    except ModelError as error:
        ports.logger.error("the model failed to start a session", sessionId=session_id, why=str(error))
        return engine.origin_of(None, None)
    return engine.origin_of(None, state)


async def unpack(model: ModelHost, state: bytes) -> int:
    """Raises FAILED_PRECONDITION checkpoint_invalid."""
    try:
        return await model.unpack(state)
    except ModelError as error:
        message = f"The model cannot go on from the checkpoint: {error}"
        raise RefusalError("FAILED_PRECONDITION", "checkpoint_invalid", message) from error


class _Stream:
    """An attached stream, until one of its sides ends it."""

    def __init__(self, ports: ServePorts, context: grpc.aio.ServicerContext, session: Session, outbox: Outbox) -> None:
        self._engine = ports.engine
        self._hand_over = ports.hand_over
        self._context = context
        self._session = session
        self._outbox = outbox
        self._logger = ports.logger.child(sessionId=session.id, traceId=session.trace_id, epoch=session.epoch)

    async def run(self) -> None:
        self._logger.info("stream opened", nextFrame=self._session.frame_number + 1)
        pump = asyncio.create_task(self._outbox.pump())
        listening = asyncio.create_task(self._listen())
        try:
            await self._until_closed(pump)
        except asyncio.CancelledError:
            self._leave("cancelled")
            raise
        finally:
            listening.cancel()
            pump.cancel()
        closing = self._outbox.closing
        if isinstance(closing, SentAway):
            await abort(self._context, closing.refusal)

    async def _until_closed(self, pump: asyncio.Task[None]) -> None:
        closed = asyncio.create_task(self._outbox.closed.wait())
        try:
            await asyncio.wait((pump, closed), return_when=asyncio.FIRST_COMPLETED)
            done, _ = await asyncio.wait((pump,), timeout=LAST_WORDS_S)
        finally:
            closed.cancel()
        error = pump.exception() if pump in done else None
        if error is None:
            return
        self._leave(str(error))
        if not isinstance(error, grpc.aio.BaseError):
            self._logger.error("frame could not be sent", why=repr(error))
        await abort(self._context, INTERNAL)

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._context.read()
            except grpc.aio.BaseError:
                return self._leave("broken")
            if message is grpc.aio.EOF:
                self._leave("half_closed")
                return self._outbox.close(HalfClosed())
            refused = self._take(message)
            if refused is not None:
                self._logger.info("message refused", code=refused.code, detail=refused.message)
                self._leave(refused.code)
                return self._outbox.close(SentAway(refused))

    def _take(self, message: bytes) -> Refusal | None:
        if len(message) > MESSAGE_BYTES_MAX:
            return TOO_LARGE
        try:
            request = PlayRequest.FromString(message)
        except DecodeError:
            return MALFORMED
        match request.WhichOneof("message"):
            case "action":
                return self._engine.act(self._session, self._outbox, request)
            case "format":
                return self._engine.ask_format(self._session, self._outbox, request.format)
            case "feedback":
                self._engine.heed(self._session, self._outbox, request.feedback)
                return None
            case "hand_over":
                if self._session.stream is self._outbox:
                    self._hand_over.begin(self._session)
                return None
            case "restore":
                return STRAY_RESTORE
            case _:
                return MALFORMED

    def _leave(self, why: str) -> None:
        if self._session.stream is self._outbox:
            self._logger.info("stream closed, session held", why=why)
        self._engine.detach(self._session, self._outbox)
