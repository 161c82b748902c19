import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from meridian_worker.protocol import DescribeRequest, DescribeResponse, HealthRequest, HealthResponse
from support.control_plane import SECRET, WORKER, ControlPlane, Player

TESTS = Path(__file__).resolve().parent.parent
END_S_MAX = 5.0


def environment(fleet_port: int, **changes: str) -> dict[str, str]:
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": paths,
        "REGION": "local",
        "WORKER_ID": "py-1",
        "CONTROL_PLANE_GRPC": f"127.0.0.1:{fleet_port}",
        "FLEET_SECRET": SECRET,
        "SLOTS": "4",
        "STEP_MS_MAX": "700",
        "DRAIN_MS": "300",
        **changes,
    }


def start(model: str, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "meridian_worker", "serve", model]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Worker:
    """One worker's process, registered and serving."""

    def __init__(self, process: subprocess.Popen[str], fleet: ControlPlane) -> None:
        self.process = process
        self.fleet = fleet
        self.fleet.heard(lambda heartbeat: True)
        self.channel = grpc.insecure_channel(fleet.registrations[-1].address)

    def play(self, session_id: str, metadata: dict[str, str] | None = None, **claims: Any) -> Player:
        return Player(self.channel, self.fleet.token(session_id, **claims), **(metadata or {}))

    def call(self, name: str, request: Any, response_type: Any) -> Any:
        call = self.channel.unary_unary(f"{WORKER}/{name}", type(request).SerializeToString, response_type.FromString)
        return call(request, metadata=[("authorization", f"Bearer {SECRET}")], timeout=5)

    def health(self) -> HealthResponse:
        answer: HealthResponse = self.call("Health", HealthRequest(), HealthResponse)
        return answer

    def describe(self) -> DescribeResponse:
        answer: DescribeResponse = self.call("Describe", DescribeRequest(), DescribeResponse)
        return answer

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        return self.process.wait(END_S_MAX)

    def output(self) -> str:
        """All that it has said; once it has ended."""
        return self.process.communicate(timeout=END_S_MAX)[0]


@contextmanager
def running(model: str, **changes: str) -> Iterator[Worker]:
    fleet = ControlPlane()
    process = start(model, environment(fleet.port, **changes))
    try:
        yield Worker(process, fleet)
    finally:
        process.kill()
        process.communicate()
        fleet.stop()
