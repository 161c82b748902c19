# F1. One call at a time: a heartbeat each interval, and one at once when a session changes while none is under way.
# F2. Whatever fails here only delays the next call (L4). Counters are cumulative, so that the next one heals it (M1).
# F3. NOT_FOUND means registering again; so does a token signed with a key we do not have.
import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc

from meridian_worker.clock import Clock
from meridian_worker.engine.engine import Engine
from meridian_worker.engine.pace import Pace
from meridian_worker.engine.session import Session
from meridian_worker.fleet.backoff import backoff_ms
from meridian_worker.fleet.fleet_client import Fleet
from meridian_worker.log import Logger
from meridian_worker.protocol import HeartbeatRequest, HeartbeatResponse, RegisterRequest, StopSession

# Ended sessions told in one heartbeat; the rest follows when these are acknowledged.
ENDED_MAX = 200
# Changes within this time of each other share a heartbeat.
GATHER_MS = 5
REFRESH_US_MIN = 5_000_000
INTERVAL_MS = 1_000


@dataclass(frozen=True, slots=True)
class FleetLinkPorts:
    fleet: Fleet
    clock: Clock
    engine: Engine
    # Of a session that is served elsewhere at a higher epoch.
    hand_over: Callable[[Session], None]
    pace: Pace
    logger: Logger
    announcement: RegisterRequest
    # Of the process.
    age_s: Callable[[], float]
    # Raises when the keys cannot be used.
    use_keys: Callable[[str], None]
    failed: Callable[[], None]


class FleetLink:
    def __init__(self, ports: FleetLinkPorts) -> None:
        self._ports = ports
        self._registered = False
        self._seq = 0
        self._failures = 0
        self._interval_ms: float = INTERVAL_MS
        self._change = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._operator_drains = False
        self._refreshed_us = -REFRESH_US_MIN
        self._beating: asyncio.Task[None] | None = None

    @property
    def not_ready(self) -> str | None:
        """Why the worker is not known to the control plane yet, as a sentence."""
        return None if self._registered else "The worker has not registered with the control plane."

    def start(self) -> None:
        self._beating = asyncio.create_task(self._beat())

    def changed(self) -> None:
        """A session changed: the control plane should hear of it now."""
        self._change.set()

    async def refresh_keys(self) -> None:
        """Registers again for newer keys; not more often than every five seconds, whatever tokens are thrown at us."""
        now_us = self._ports.clock.now_us()
        if not self._registered or now_us - self._refreshed_us < REFRESH_US_MIN:
            return
        self._refreshed_us = now_us
        await self._call(self._register)

    async def say_now(self, ms_max: float) -> None:
        """Says how every session stands. Returns when it was heard or could not be, and after `ms_max` at the latest."""
        if not self._registered:
            return
        try:
            async with asyncio.timeout(ms_max / 1_000):
                await self._call(self._say)
        except TimeoutError:
            self._ports.logger.warn("the control plane did not hear the last word in time")

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        await self._ports.fleet.close()

    async def _beat(self) -> None:
        while True:
            await self._call(self._say if self._registered else self._register)
            await self._pause()

    async def _pause(self) -> None:
        if self._failures > 0:
            await asyncio.sleep(backoff_ms(self._failures, random.random()) / 1_000)
            return
        try:
            async with asyncio.timeout(self._interval_ms / 1_000):
                await self._change.wait()
            await asyncio.sleep(GATHER_MS / 1_000)
        except TimeoutError:
            return

    async def _call(self, call: Callable[[], Awaitable[None]]) -> None:
        async with self._one_at_a_time:
            try:
                await call()
            except Exception as error:
                self._fail(error)
                return
        if self._failures > 0:
            self._ports.logger.info("the control plane answers again")
        self._failures = 0

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        self._ports.failed()
        code = error.code() if isinstance(error, grpc.RpcError) else None
        if code == grpc.StatusCode.NOT_FOUND:
            self._registered = False
            self._ports.logger.warn("the control plane does not know this worker; registering again")
            return
        # Once when it starts, then about every minute: an outage must not fill the disk.
        if self._failures % 12 == 1:
            hint = "check FLEET_SECRET" if code == grpc.StatusCode.UNAUTHENTICATED else "serving goes on"
            why = error.details() if isinstance(error, grpc.aio.AioRpcError) else repr(error)
            self._ports.logger.warn("the control plane did not answer", why=why, failures=self._failures, hint=hint)

    async def _register(self) -> None:
        announcement = self._ports.announcement
        announcement.age_ms = round(self._ports.age_s() * 1_000)
        answer = await self._ports.fleet.register(announcement)
        self._ports.use_keys(answer.jwks_json)
        self._interval_ms = answer.heartbeat_interval_ms or INTERVAL_MS
        if not self._registered:
            self._ports.logger.info("registered")
        self._registered = True
        # A worker is given sessions only once a heartbeat has said what it already serves.
        self._change.set()

    async def _say(self) -> None:
        self._change.clear()
        request = self._heartbeat()
        try:
            self._take(request, await self._ports.fleet.heartbeat(request))
        except grpc.RpcError:
            self._change.set()
            raise

    def _heartbeat(self) -> HeartbeatRequest:
        engine, announcement = self._ports.engine, self._ports.announcement
        pace = self._ports.pace.read()
        self._seq += 1
        return HeartbeatRequest(
            worker_id=announcement.worker_id,
            incarnation=announcement.incarnation,
            seq=self._seq,
            draining=engine.draining,
            sessions=engine.reports(ENDED_MAX),
            step_ms_p50=pace.step_ms[0],
            step_ms_p95=pace.step_ms[1],
            step_ms_p99=pace.step_ms[2],
            encode_ms_p50=pace.encode_ms[0],
            encode_ms_p95=pace.encode_ms[1],
            late_share=pace.late_share,
            slots=engine.slots,
        )

    def _take(self, request: HeartbeatRequest, answer: HeartbeatResponse) -> None:
        engine = self._ports.engine
        engine.acknowledge(answer.acknowledged_session_ids, request.sessions)
        for stop in answer.stop:
            self._stop(stop)
        for credit in answer.credits:
            engine.renew_credit(credit.session_id, credit.epoch, credit.credit_ms)
        if answer.drain != self._operator_drains:
            self._operator_drains = answer.drain
            engine.drain(answer.drain)
            self._ports.logger.info("the operator changed draining", draining=answer.drain)

    def _stop(self, stop: StopSession) -> None:
        engine = self._ports.engine
        session = engine.find(stop.session_id)
        if stop.end_reason == "" and session is not None and session.epoch <= stop.epoch:
            self._ports.hand_over(session)
        else:
            engine.end(stop.session_id, stop.epoch, stop.end_reason, "The control plane ended the session.")
