# Every call of WorkerService: who may make it, and what becomes of an error.
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc

from meridian_worker.protocol import (
    CheckpointRequest,
    DescribeRequest,
    DescribeResponse,
    DrainRequest,
    EndRequest,
    ForkRequest,
    HealthRequest,
    HealthResponse,
    RestoreRequest,
)
from meridian_worker.refusal import Refusal, RefusalError
from meridian_worker.serve import session_calls
from meridian_worker.serve.call_metadata import bearer_of, metadata_of
from meridian_worker.serve.grpc_status import INTERNAL, abort
from meridian_worker.serve.serve_session import ServePorts, serve_session

SERVICE = "meridian.worker.v1.WorkerService"
# What a message may hold beside a state; and what a gateway may send at most, of whatever model.
MESSAGE_ROOM_BYTES = 1024 * 1024
MESSAGE_BYTES_MIN = 4 * 1024 * 1024

Handler = Callable[[Any, grpc.aio.ServicerContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class WorkerServerPorts:
    serve: ServePorts
    describe: Callable[[], DescribeResponse]
    health: Callable[[], HealthResponse]
    # What the region's own processes show.
    fleet_secret: str


async def serve_worker(ports: WorkerServerPorts, host: str, port: int) -> tuple[grpc.aio.Server, int]:
    """Serves WorkerService on `host:port`, port 0 for any free one. Raises OSError when it is taken."""
    state_bytes = ports.serve.model.description.state_bytes
    server = grpc.aio.server(
        options=(
            # An action that is too large is refused in our own words; only a state may be larger than that.
            ("grpc.max_receive_message_length", max(MESSAGE_BYTES_MIN, state_bytes + MESSAGE_ROOM_BYTES)),
            ("grpc.max_send_message_length", -1),
            # A gateway that vanished without a word must not keep its sessions from being held.
            ("grpc.keepalive_time_ms", 5_000),
            ("grpc.keepalive_timeout_ms", 3_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ("grpc.so_reuseport", 0),
        )
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _handlers(ports)),))
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise OSError(f"{host}:{port} cannot be listened on.") from error
    await server.start()
    return server, bound


def _handlers(ports: WorkerServerPorts) -> dict[str, grpc.RpcMethodHandler]:
    serve = ports.serve

    async def describe(_request: DescribeRequest, _context: object) -> DescribeResponse:
        return ports.describe()

    async def health(_request: HealthRequest, _context: object) -> HealthResponse:
        return ports.health()

    async def stream(_requests: object, context: grpc.aio.ServicerContext) -> None:
        await _answered(ports, context, serve_session(serve, context))

    def guarded(call: Callable[[ServePorts, Any], Awaitable[Any]]) -> Handler:
        async def handle(request: Any, context: grpc.aio.ServicerContext) -> Any:
            secret = bearer_of(metadata_of(context)) or ""
            if not _is_same(secret, ports.fleet_secret):
                await abort(context, WRONG_SECRET)
            return await _answered(ports, context, call(serve, request))

        return handle

    def unary(request_type: Any, handler: Handler) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            handler, request_type.FromString, lambda response: response.SerializeToString()
        )

    return {
        "Describe": unary(DescribeRequest, describe),
        "Health": unary(HealthRequest, health),
        # Messages as bytes: what a client sends is decoded where a malformed one can be refused in our own words.
        "Serve": grpc.stream_stream_rpc_method_handler(stream),
        "End": unary(EndRequest, guarded(session_calls.end_session)),
        "Drain": unary(DrainRequest, guarded(session_calls.drain)),
        "Checkpoint": unary(CheckpointRequest, guarded(session_calls.checkpoint)),
        "Restore": unary(RestoreRequest, guarded(session_calls.restore)),
        "Fork": unary(ForkRequest, guarded(session_calls.fork)),
    }


WRONG_SECRET = Refusal("UNAUTHENTICATED", "wrong_secret", "Only the region's own processes may call this.")


async def _answered(ports: WorkerServerPorts, context: grpc.aio.ServicerContext, answer: Awaitable[Any]) -> Any:
    """Errors of unknown kinds are ours and stay in the log."""
    try:
        return await answer
    except RefusalError as error:
        await abort(context, error.refusal)
    except grpc.aio.AbortError:
        raise
    except Exception as error:
        ports.serve.logger.error("a call failed", why=repr(error))
        await abort(context, INTERNAL)


def _is_same(a: str, b: str) -> bool:
    """In a time that tells nothing about where two texts differ."""
    return hmac.compare_digest(hashlib.sha256(a.encode()).digest(), hashlib.sha256(b.encode()).digest())
