# All wiring of the process: what it is made of, in the order in which it starts and ends.
import asyncio
import gc
import os
import time
import uuid
from dataclasses import dataclass

import grpc

from meridian_worker.clock import SystemClock
from meridian_worker.config import Config, ConfigError
from meridian_worker.encode.frame_encoder import FrameEncoder
from meridian_worker.encode.images import encode
from meridian_worker.encode.session_bytes import session_bytes_max
from meridian_worker.engine.cadence import DEADLINE_US
from meridian_worker.engine.engine import CHECKPOINT_STATE_BYTES_MAX, Engine, EnginePorts
from meridian_worker.engine.frame_format import CODECS, ImageFormat, read_format
from meridian_worker.engine.pace import Pace
from meridian_worker.engine.ports import ModelDescription
from meridian_worker.events import WorkerEvents
from meridian_worker.fleet.fleet_client import GrpcFleet
from meridian_worker.fleet.fleet_link import FleetLink, FleetLinkPorts
from meridian_worker.health import HealthServer
from meridian_worker.log import Logger
from meridian_worker.memory import memory_bytes
from meridian_worker.metrics import WorkerMetrics
from meridian_worker.model.host import HostOptions, ModelError, ModelHost
from meridian_worker.model.nursery import Nursery
from meridian_worker.model.warm_up import WarmUp, warm_up
from meridian_worker.protocol import DescribeResponse, HealthResponse, Percentiles, RegisterRequest
from meridian_worker.serve.hand_over import HandOver
from meridian_worker.serve.serve_session import ServePorts
from meridian_worker.serve.session_token import TokenReader
from meridian_worker.serve.worker_server import WorkerServerPorts, serve_worker

LOAD_MS_MAX = 120_000
LAST_HEARTBEAT_MS_MAX = 700
LAST_PACK_S_MAX = 1.0
STREAMS_CLOSE_S_MAX = 1.0
ENCODE_THREADS_MAX = 4


@dataclass(frozen=True, slots=True)
class RunningWorker:
    port: int
    # None when no METRICS_PORT was asked for.
    metrics_port: int | None
    engine: Engine
    link: FleetLink
    server: grpc.aio.Server
    health: HealthServer | None
    model: ModelHost
    encoder: FrameEncoder
    logger: Logger
    drain_ms: int

    async def close(self) -> None:
        """Nobody may be sent here any more before those who are here are sent away: they would come straight back."""
        await self._drain()
        await self._send_everyone_away()
        await self.link.say_now(LAST_HEARTBEAT_MS_MAX)
        await self.link.close()
        await self.server.stop(STREAMS_CLOSE_S_MAX)
        if self.health is not None:
            self.health.close()
        self.encoder.close()
        self.model.close()

    async def _drain(self) -> None:
        """Until nobody is connected any more, or DRAIN_MS is over."""
        left = asyncio.Event()
        ends_s = asyncio.get_running_loop().time() + self.drain_ms / 1_000
        self.engine.begin_termination(self.drain_ms, left.set)
        await self.link.say_now(LAST_HEARTBEAT_MS_MAX)
        try:
            async with asyncio.timeout_at(ends_s):
                await left.wait()
        except TimeoutError:
            self.logger.warn("not all sessions found another worker in time", sessions=len(self.engine.sessions))

    async def _send_everyone_away(self) -> None:
        self.engine.stop_stepping()
        states = [session.state for session in self.engine.sessions if session.state is not None]
        packed: dict[int, bytes] = {}
        try:
            async with asyncio.timeout(LAST_PACK_S_MAX):
                packed = await self.model.pack(states)
        except (ModelError, TimeoutError) as error:
            self.logger.warn("clients leave with the checkpoints they have", why=str(error))
        self.engine.send_everyone_away(packed)


async def start_worker(config: Config, nursery: Nursery, logger: Logger) -> RunningWorker:
    """Raises ConfigError for a model that cannot be served, or a port that is taken."""
    began_s = time.monotonic()
    clock = SystemClock(asyncio.get_running_loop())
    metrics = WorkerMetrics(config.region)
    model, warm = await _warm_model(config, nursery, logger)
    pace = Pace(clock, warm.step_ms, warm.encode_ms)
    events = WorkerEvents(pace, metrics, logger)
    engine = Engine(EnginePorts(clock, model, config.slots or warm.slots, warm.batch_max, events))
    tokens = TokenReader(config.worker_id, lambda: link.refresh_keys())
    description = model.description
    encoder = FrameEncoder(description.width, description.height, min(ENCODE_THREADS_MAX, _cores()), metrics.encoded)

    hand_over = HandOver(engine, model, logger)
    if not engine.movable:
        logger.warn("the model's state is too large for checkpoints: its sessions end with their worker",
                    stateBytes=description.state_bytes, stateBytesMax=CHECKPOINT_STATE_BYTES_MAX)  # fmt: skip

    def describe() -> DescribeResponse:
        return _describe(config.worker_id, description, engine.slots)

    server, port = await _served(
        WorkerServerPorts(
            serve=ServePorts(clock, engine, model, tokens, encoder, hand_over, logger),
            describe=describe,
            health=lambda: _health(engine, pace, began_s),
            fleet_secret=config.fleet_secret,
        ),
        config,
    )
    link = FleetLink(
        FleetLinkPorts(
            fleet=GrpcFleet(config.control_plane_grpc, config.fleet_secret),
            clock=clock,
            engine=engine,
            hand_over=hand_over.begin,
            pace=pace,
            logger=logger,
            announcement=_announcement(config, port, describe()),
            # The model's loading and the warm-up included: the GPU was ours all that while.
            age_s=lambda: time.monotonic() - began_s,
            use_keys=tokens.use_keys,
            failed=metrics.fleet_call_failed,
        )
    )
    events.listen(engine, link)
    health, metrics_port = await _health_server(config, metrics, engine, link)
    # What is there now stays: the collector need not look at it again between two frames.
    gc.collect()
    gc.freeze()
    link.start()
    logger.info(
        "worker serves", port=port, slots=engine.slots, batchMax=warm.batch_max, device=model.loaded.device,
        stepMs=round(pace.read().step_ms[0], 3),
    )  # fmt: skip
    return RunningWorker(port, metrics_port, engine, link, server, health, model, encoder, logger, config.drain_ms)


async def _warm_model(config: Config, nursery: Nursery, logger: Logger) -> tuple[ModelHost, WarmUp]:
    options = HostOptions(config.device, config.step_ms_max, LOAD_MS_MAX)
    try:
        model = await ModelHost.launch(nursery, options, logger)
        description = model.description
        own = read_format(None, description.width, description.height)
        assert isinstance(own, ImageFormat)
        warm = await warm_up(model, lambda rgb: encode(rgb, description.width, description.height, own), _cores())
    except ModelError as error:
        raise ConfigError(f"The model cannot be served: {error}") from error
    return model, warm


async def _served(ports: WorkerServerPorts, config: Config) -> tuple[grpc.aio.Server, int]:
    try:
        return await serve_worker(ports, config.host, config.grpc_port)
    except OSError as error:
        raise ConfigError(f"GRPC_PORT is {config.grpc_port}; set it to a port that is free on HOST: {error}") from error


async def _health_server(
    config: Config, metrics: WorkerMetrics, engine: Engine, link: FleetLink
) -> tuple[HealthServer | None, int | None]:
    if config.metrics_port is None:
        return None, None
    ready = lambda: "The model of the worker keeps failing." if engine.quarantined else link.not_ready  # noqa: E731
    server = HealthServer(ready, metrics.text)
    try:
        return server, await server.listen(config.host, config.metrics_port)
    except OSError as error:
        raise ConfigError(
            f"METRICS_PORT is {config.metrics_port}; set it to a port that is free on HOST: {error}"
        ) from error


def _describe(worker_id: str, model: ModelDescription, slots: int) -> DescribeResponse:
    return DescribeResponse(
        worker_id=worker_id,
        model=model.model,
        model_version=model.version,
        frame_width=model.width,
        frame_height=model.height,
        frames_per_second=model.frames_per_second,
        actions=model.actions,
        state_bytes=model.state_bytes,
        slots=slots,
        deadline_ms=DEADLINE_US // 1_000,
        codecs=CODECS,
        session_bytes_max=session_bytes_max(model),
        rebuild_ms=model.rebuild_ms,
    )


def _announcement(config: Config, port: int, describe: DescribeResponse) -> RegisterRequest:
    return RegisterRequest(
        worker_id=config.worker_id,
        incarnation=str(uuid.uuid4()),
        region=config.region,
        address=config.advertise_address or f"{config.host}:{port}",
        gpu_type=config.gpu_type,
        gpus=config.gpus,
        purchase=config.gpu_purchase,
        describe=describe,
    )


def _health(engine: Engine, pace: Pace, began_s: float) -> HealthResponse:
    reading = pace.read()
    return HealthResponse(
        step_ms=_percentiles(reading.step_ms),
        encode_ms=_percentiles(reading.encode_ms),
        frames=reading.frames,
        late_frames=reading.late_frames,
        late_share=reading.late_share,
        sessions=len(engine.sessions),
        slots=engine.slots,
        draining=engine.draining,
        quarantined=engine.quarantined,
        memory_bytes=memory_bytes(),
        uptime_s=time.monotonic() - began_s,
    )


def _percentiles(ms: tuple[float, float, float]) -> Percentiles:
    return Percentiles(p50=ms[0], p95=ms[1], p99=ms[2])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
