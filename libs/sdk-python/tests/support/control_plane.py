"""The control plane of one worker under test, and a client of its streams."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meridian_worker.protocol import (
    Action,
    Checkpoint,
    Draining,
    Frame,
    FrameFormat,
    HandOver,
    HeartbeatRequest,
    HeartbeatResponse,
    Notice,
    PlayRequest,
    PlayResponse,
    RegisterRequest,
    RegisterResponse,
    RemoveDevice,
    StopSession,
    StreamFeedback,
)

SECRET = "a-fleet-secret-of-at-least-32-characters"
WORKER = "/meridian.worker.v1.WorkerService"
FLEET = "meridian.worker.v1.FleetService"
PATIENCE_S = 10.0


class ControlPlane:
    def __init__(self) -> None:
        self.registrations: list[RegisterRequest] = []
        self.heartbeats: list[HeartbeatRequest] = []
        # What the answers to heartbeats ask for.
        self.drain = False
        self.stop_sessions: list[StopSession] = []
        self._key = Ed25519PrivateKey.generate()
        self._heard = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(4))
        handlers = {
            "Register": _unary(self._register, RegisterRequest),
            "Heartbeat": _unary(self._heartbeat, HeartbeatRequest),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(FLEET, handlers),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def token(self, session_id: str, **changes: Any) -> str:
        now_s = int(time.time())
        grant = {
            "tenantId": "ten_test",
            "region": "local",
            "pool": "pool",
            "workerId": "py-1",
            "workerAddress": "x:1",
            "slot": 0,
            "epoch": 1,
            "claimByMs": (now_s + 60) * 1_000,
            "holdMs": 30_000,
            "idleMs": 300_000,
            "maxDurationMs": 7_200_000,
            **changes,
        }
        claims = {"iss": "meridian", "aud": "meridian-gateway", "sub": session_id, "iat": now_s, "exp": now_s + 600}
        return jwt.encode({**claims, "mer": grant}, self._key, "EdDSA", {"kid": "test"})

    def heard(self, passes: Callable[[HeartbeatRequest], bool]) -> HeartbeatRequest:
        """The first heartbeat that passes, of those that came and will come."""
        seen = 0
        with self._heard:
            while True:
                for heartbeat in self.heartbeats[seen:]:
                    if passes(heartbeat):
                        return heartbeat
                seen = len(self.heartbeats)
                assert self._heard.wait(PATIENCE_S), "no such heartbeat came"

    def stop(self) -> None:
        self._server.stop(0)

    def _register(self, request: RegisterRequest, _context: object) -> RegisterResponse:
        self.registrations.append(request)
        key = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key()))
        return RegisterResponse(heartbeat_interval_ms=50, jwks_json=json.dumps({"keys": [{**key, "kid": "test"}]}))

    def _heartbeat(self, request: HeartbeatRequest, _context: object) -> HeartbeatResponse:
        with self._heard:
            self.heartbeats.append(request)
            self._heard.notify_all()
        ended = [report.session_id for report in request.sessions if report.end_reason]
        return HeartbeatResponse(acknowledged_session_ids=ended, drain=self.drain, stop=self.stop_sessions)


class Player:
    """A gateway's end of one Serve stream."""

    def __init__(self, channel: grpc.Channel, token: str, **metadata: str) -> None:
        serve = channel.stream_stream(f"{WORKER}/Serve", PlayRequest.SerializeToString, PlayResponse.FromString)
        pairs = {"authorization": f"Bearer {token}", "meridian-client-key": "client-key-0123456789", **metadata}
        self._outgoing: queue.Queue[PlayRequest | None] = queue.Queue()
        self._call = serve(self._requests(), metadata=[(key.replace("_", "-"), value) for key, value in pairs.items()])
        self.frames: list[Frame] = []
        self.notices: list[Notice] = []
        self.checkpoints: list[Checkpoint] = []
        self.drains: list[Draining] = []
        # What came, in order.
        self.kinds: list[str | None] = []

    def act(self, seq: int, **axes: float) -> None:
        self._outgoing.put(PlayRequest(action=Action(seq=seq, axes=axes)))

    def ask(self, frame_format: FrameFormat) -> None:
        self._outgoing.put(PlayRequest(format=frame_format))

    def hand_over(self) -> None:
        self._outgoing.put(PlayRequest(hand_over=HandOver()))

    def remove(self, device: int) -> None:
        self._outgoing.put(PlayRequest(remove_device=RemoveDevice(device=device)))

    def say_dropped(self, frames: int) -> None:
        self._outgoing.put(PlayRequest(feedback=StreamFeedback(frames_dropped=frames)))

    def restore(self, checkpoint: Checkpoint) -> None:
        self._outgoing.put(PlayRequest(restore=checkpoint))

    def until(self, holds: Callable[["Player"], object]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds(self):
            assert time.monotonic() < deadline_s, "it did not come"
            self._take(next(self._call))

    def end(self) -> tuple[grpc.StatusCode, str]:
        """Reads to the end of the stream: its status and code."""
        try:
            for response in self._call:
                self._take(response)
        except grpc.RpcError:
            pass
        trailers = dict(self._call.trailing_metadata() or ())
        return self._call.code(), str(trailers.get("meridian-code", ""))

    def cancel(self) -> None:
        self._call.cancel()

    def _requests(self) -> Iterator[PlayRequest]:
        while (request := self._outgoing.get()) is not None:
            yield request

    def _take(self, response: PlayResponse) -> None:
        kind = response.WhichOneof("message")
        self.kinds.append(kind)
        match kind:
            case "frame":
                self.frames.append(response.frame)
            case "notice":
                self.notices.append(response.notice)
            case "checkpoint":
                self.checkpoints.append(response.checkpoint)
            case "draining":
                self.drains.append(response.draining)


def _unary(handle: Callable[[Any, Any], Any], request_type: Any) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(
        handle, request_type.FromString, lambda response: response.SerializeToString()
    )
