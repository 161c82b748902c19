# V1. A session that has a place elsewhere makes the step under way and no other; it leaves with the state after that.
# V2. It leaves whatever becomes of its stream meanwhile: another worker serves it from now on.
import asyncio

from meridian_worker.engine.engine import Engine
from meridian_worker.engine.session import Session
from meridian_worker.log import Logger
from meridian_worker.model.host import ModelError, ModelHost


class HandOver:
    """Sessions on their way out."""

    def __init__(self, engine: Engine, model: ModelHost, logger: Logger) -> None:
        self._engine = engine
        self._model = model
        self._logger = logger
        self._leaving: set[asyncio.Task[None]] = set()

    def begin(self, session: Session) -> None:
        """The session's stream is closed with its last checkpoint soon after; asked again, nothing more happens."""
        if not self._engine.begin_hand_over(session):
            return
        task = asyncio.create_task(self._finish(session))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _finish(self, session: Session) -> None:
        state = session.state
        packed = None
        try:
            if state is not None and session.stream is not None and self._engine.movable:
                packed = (await self._model.pack([state])).get(state)
        except ModelError as error:
            self._logger.warn("a session leaves with the checkpoint it has", sessionId=session.id, why=str(error))
        self._engine.finish_hand_over(session, packed if session.state == state else None)
