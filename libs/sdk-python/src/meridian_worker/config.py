"""What the process is started with: the same environment variables as every worker of Meridian."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import overload

EXIT_CONFIG = 78

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
HOST_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}")
SECRET_CHARACTERS_MIN = 32
SLOTS_MAX = 1_024
GPUS_MAX = 1_024
MILLISECONDS_MAX = 2_147_483_647
DEVICES = ("auto", "cpu", "cuda")
PURCHASES = ("on_demand", "reserved", "spot")
DRAIN_MS = 20_000
DRAIN_MS_MAX = 3_600_000


class ConfigError(Exception):
    """One sentence that names the variable and the fix, fit to be printed as it is."""


@dataclass(frozen=True, slots=True)
class Config:
    region: str
    worker_id: str
    host: str
    grpc_port: int
    advertise_address: str | None
    metrics_port: int | None
    gpu_type: str
    # GPUs that the process spans.
    gpus: int
    # How those were bought, which decides their price.
    gpu_purchase: str
    control_plane_grpc: str
    fleet_secret: str
    # A request to the model is given up after this long: less than the two seconds after which a gateway takes the worker
    # for lost, so that one bad step does not move the other sessions.
    step_ms_max: int
    # None: as many as the warm-up finds to fit.
    slots: int | None
    device: str
    # After SIGTERM, how long sessions have to find another worker.
    drain_ms: int


def read_config(env: Mapping[str, str] = os.environ) -> Config:
    """Empty variables count as absent. Raises ConfigError."""
    read = _Reader(env)
    config = Config(
        region=read.name("REGION", "the id of this region, such as us-east"),
        worker_id=read.name("WORKER_ID", "an id of its own for this worker, such as us-east-1"),
        host=env.get("HOST") or "127.0.0.1",
        grpc_port=read.port("GRPC_PORT") or 0,
        advertise_address=read.optional("ADVERTISE_ADDRESS", _is_host_port, "an address as host:port"),
        metrics_port=read.port("METRICS_PORT"),
        gpu_type=read.name("GPU_TYPE", "the GPU type that this worker is priced as, such as h100", "h100"),
        gpus=read.whole("GPUS", 1, GPUS_MAX, "a whole number of GPUs from 1 to 1024", 1),
        gpu_purchase=read.optional("GPU_PURCHASE", PURCHASES.__contains__, "on_demand, reserved or spot") or PURCHASES[0],
        control_plane_grpc=read.text("CONTROL_PLANE_GRPC", _is_host_port, "an address as host:port"),
        fleet_secret=read.text(
            "FLEET_SECRET", lambda text: len(text) >= SECRET_CHARACTERS_MIN, "a secret of at least 32 characters"
        ),
        step_ms_max=read.whole("STEP_MS_MAX", 1, MILLISECONDS_MAX, "a whole number of milliseconds above 0", 1_500),
        slots=read.whole("SLOTS", 1, SLOTS_MAX, "a whole number of sessions from 1 to 1024"),
        device=read.optional("DEVICE", DEVICES.__contains__, "auto, cpu or cuda") or "auto",
        drain_ms=read.whole("DRAIN_MS", 0, DRAIN_MS_MAX, "a whole number of milliseconds up to an hour", DRAIN_MS),
    )
    if config.host in ("0.0.0.0", "::") and config.advertise_address is None:
        raise ConfigError(
            f"ADVERTISE_ADDRESS is not set; with HOST {config.host} set it to the host:port that gateways dial."
        )
    return config


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, fits: Callable[[str], object], wanted: str) -> str:
        value = self.optional(name, fits, wanted)
        if value is None:
            raise ConfigError(f"{name} is not set; set it to {wanted}.")
        return value

    def optional(self, name: str, fits: Callable[[str], object], wanted: str) -> str | None:
        value = self._env.get(name) or None
        if value is not None and not fits(value):
            shown = "not valid" if "SECRET" in name else f'"{value[:80]}"'
            raise ConfigError(f"{name} is {shown}; set it to {wanted}.")
        return value

    def name(self, name: str, wanted: str, own: str | None = None) -> str:
        if own is not None and not self._env.get(name):
            return own
        return self.text(name, NAME.fullmatch, wanted)

    @overload
    def whole(self, name: str, least: int, most: int, wanted: str, own: int) -> int: ...
    @overload
    def whole(self, name: str, least: int, most: int, wanted: str, own: None = None) -> int | None: ...
    def whole(self, name: str, least: int, most: int, wanted: str, own: int | None = None) -> int | None:
        value = self.optional(name, lambda text: re.fullmatch(r"\d{1,10}", text) and least <= int(text) <= most, wanted)
        return own if value is None else int(value)

    def port(self, name: str) -> int | None:
        return self.whole(name, 0, 65_535, "a port number from 1 to 65535, or 0 for any free one")


def _is_host_port(text: str) -> object:
    return HOST_PORT.fullmatch(text)
