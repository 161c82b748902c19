# H1. One request at a time, in order: what is asked after a step sees the states that the step made.
# H2. A request that takes longer than `step_ms_max` is given up, and the process with it: native code cannot be
#     interrupted, but it can be killed, and its memory comes back. So is a process that died or lost its device.
# H3. The next process gets every state as it was last packed, at most a second ago: the worlds of a lost process go back
#     that far, their sessions go on.
# H4. When the model cannot be started again the host is unusable for good, and every request fails at once.
import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from meridian_worker.contract import NewSession
from meridian_worker.engine.ports import ModelDescription, StateId, StepDone, StepFailed, StepOrder, Stepped
from meridian_worker.log import Logger
from meridian_worker.model.messages import (
    CopyState,
    Envelope,
    Failed,
    Load,
    Loaded,
    PackStates,
    Reply,
    Request,
    StartState,
    StepStates,
    UnpackState,
)
from meridian_worker.model.nursery import Nursery
from meridian_worker.model.runner import RunnerStep


class ModelError(Exception):
    """What the model could not do, as a sentence."""


@dataclass(frozen=True, slots=True)
class HostOptions:
    device: str
    step_ms_max: int
    load_ms_max: int


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    ms_max: int
    done: Callable[[Reply], None]


class ModelHost:
    def __init__(self, nursery: Nursery, options: HostOptions, logger: Logger) -> None:
        self._nursery = nursery
        self._options = options
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._waiting: deque[_Call] = deque()
        self._current: _Call | None = None
        self._timer: asyncio.TimerHandle | None = None
        # While the process is started, only what puts it in order is sent; the rest waits in `_held`.
        self._starting = True
        self._held: deque[_Call] = deque()
        self._restart: asyncio.Task[None] | None = None
        self._packed: dict[StateId, bytes] = {}
        self._dropped: list[StateId] = []
        self._ids = itertools.count(1)
        self._closed = False
        self.usable = True
        self.loaded: Loaded

    @classmethod
    async def launch(cls, nursery: Nursery, options: HostOptions, logger: Logger) -> "ModelHost":
        """Raises ModelError when the model cannot be loaded."""
        host = cls(nursery, options, logger)
        await host._hatch()
        host._starting = False
        return host

    @property
    def description(self) -> ModelDescription:
        return self.loaded.description

    @property
    def batch_max(self) -> int:
        return self.loaded.batch_max

    def step(self, orders: Sequence[StepOrder], done: StepDone) -> None:
        states = [order.state for order in orders]
        actions = np.stack([order.action for order in orders])
        request = StepStates(states, actions, [order.state for order in orders if order.pack])
        frame_bytes = self.description.width * self.description.height * 3

        def answer(reply: Reply) -> None:
            if isinstance(reply, Failed):
                self._logger.debug("a step failed", traceback=reply.traceback)
                return done(StepFailed(reply.message))
            stepped: RunnerStep = reply.value
            self._packed.update(stepped.packed)
            frames = [
                self._nursery.frames[i * frame_bytes : (i + 1) * frame_bytes] if good else None
                for i, good in enumerate(stepped.usable)
            ]
            done(Stepped(frames, stepped.packed))

        self._enqueue(_Call(request, self._options.step_ms_max, answer))

    async def start(self, session: NewSession) -> StateId:
        """Raises ModelError."""
        return await self._make(lambda state: StartState(state, session))

    async def unpack(self, data: bytes) -> StateId:
        """Raises ModelError when the model cannot go on from it."""
        return await self._make(lambda state: UnpackState(state, data))

    async def copy(self, of: StateId) -> StateId:
        """Raises ModelError."""
        return await self._make(lambda state: CopyState(state, of))

    async def pack(self, states: Sequence[StateId]) -> dict[StateId, bytes]:
        """States as they are now, without those that are not there. Raises ModelError."""
        packed: dict[StateId, bytes] = await self._ask(PackStates(states))
        return packed

    def drop(self, state: StateId) -> None:
        self._packed.pop(state, None)
        self._dropped.append(state)

    def close(self) -> None:
        self._closed = True
        self.usable = False
        self._disconnect()
        self._nursery.close()

    async def _make(self, request: Callable[[StateId], Request]) -> StateId:
        """Whoever gives up waiting leaves no state behind."""
        state = next(self._ids)
        try:
            self._packed[state] = await self._ask(request(state))
        except BaseException:
            self.drop(state)
            raise
        return state

    async def _ask(self, request: Request, queue: "deque[_Call] | None" = None) -> Any:
        future: asyncio.Future[Reply] = self._loop.create_future()
        ms_max = self._options.load_ms_max if isinstance(request, Load) else self._options.step_ms_max
        self._enqueue(_Call(request, ms_max, lambda reply: None if future.done() else future.set_result(reply)), queue)
        reply = await future
        if isinstance(reply, Failed):
            raise ModelError(reply.message)
        return reply.value

    def _enqueue(self, call: _Call, queue: "deque[_Call] | None" = None) -> None:
        if not self.usable:
            self._loop.call_soon(call.done, _failed("The model cannot be run any more."))
            return
        if queue is None:
            queue = self._held if self._starting else self._waiting
        queue.append(call)
        self._send_next()

    def _send_next(self) -> None:
        if self._current is not None or self._connection is None or not self._waiting:
            return
        self._current = call = self._waiting.popleft()
        self._timer = self._loop.call_later(call.ms_max / 1_000, self._too_long)
        dropped, self._dropped = self._dropped, []
        try:
            self._connection.send(Envelope(call.request, dropped))
        except OSError:
            self._lost("The model's process has ended.")

    def _readable(self) -> None:
        assert self._connection is not None
        try:
            reply: Reply = self._connection.recv()
        except (EOFError, OSError):
            return self._lost("The model's process died.")
        if isinstance(reply, Failed) and reply.fatal:
            return self._lost(reply.message)
        self._settle(reply)
        self._send_next()

    def _settle(self, reply: Reply) -> None:
        call, self._current = self._current, None
        if self._timer is not None:
            self._timer.cancel()
        if call is not None:
            call.done(reply)

    def _too_long(self) -> None:
        assert self._current is not None
        self._lost(f"The model did not answer within {self._current.ms_max} ms.")

    def _lost(self, message: str) -> None:
        self._disconnect()
        if not self._closed and not self._starting:
            self._logger.warn("the model's process is started anew", why=message)
            self._starting = True
            self._held, self._waiting = self._waiting, deque()
            self._restart = self._loop.create_task(self._start_again())
        self._settle(_failed(message))

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._loop.remove_reader(self._connection.fileno())
            self._connection.close()
            self._connection = None

    async def _start_again(self) -> None:
        try:
            await self._hatch()
            for state, data in list(self._packed.items()):
                await self._put_back(state, data)
        except ModelError as error:
            self._logger.error("the model cannot be started again", why=str(error))
            self.usable = False
            self._disconnect()
        self._starting = False
        held, self._held = self._held, deque()
        for call in held:
            self._enqueue(call)

    async def _put_back(self, state: StateId, data: bytes) -> None:
        """A state that cannot be put back fails the next step of its session."""
        try:
            await self._ask(UnpackState(state, data), self._waiting)
        except ModelError as error:
            if self._connection is None:
                raise
            self._logger.warn("a state could not be put back", why=str(error))

    async def _hatch(self) -> None:
        try:
            self._connection = await asyncio.to_thread(self._nursery.hatch)
        except (EOFError, OSError) as error:
            raise ModelError(str(error)) from error
        self._loop.add_reader(self._connection.fileno(), self._readable)
        self._logger.debug("the model is loading")
        self.loaded = await self._ask(Load(self._options.device), self._waiting)


def _failed(message: str) -> Failed:
    return Failed(message, "", fatal=False)
