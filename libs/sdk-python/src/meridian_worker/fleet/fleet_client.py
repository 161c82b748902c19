from typing import Protocol

import grpc

from meridian_worker.protocol import HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse

SERVICE = "/meridian.worker.v1.FleetService"
CALL_S_MAX = 2.0


class Fleet(Protocol):
    """The control plane, as a worker sees it. Calls raise grpc.RpcError."""

    async def register(self, request: RegisterRequest) -> RegisterResponse: ...
    async def heartbeat(self, request: HeartbeatRequest) -> HeartbeatResponse: ...
    async def close(self) -> None: ...


class GrpcFleet:
    def __init__(self, address: str, secret: str) -> None:
        self._channel = grpc.aio.insecure_channel(
            address,
            options=(
                # The link has its own pace; the channel must not stay away for minutes after a long outage.
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.min_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 1_000),
            ),
        )
        self._metadata = (("authorization", f"Bearer {secret}"),)
        self._register = self._channel.unary_unary(
            f"{SERVICE}/Register", RegisterRequest.SerializeToString, RegisterResponse.FromString
        )
        self._heartbeat = self._channel.unary_unary(
            f"{SERVICE}/Heartbeat", HeartbeatRequest.SerializeToString, HeartbeatResponse.FromString
        )

    async def register(self, request: RegisterRequest) -> RegisterResponse:
        answer: RegisterResponse = await self._register(request, timeout=CALL_S_MAX, metadata=self._metadata)
        return answer

    async def heartbeat(self, request: HeartbeatRequest) -> HeartbeatResponse:
        answer: HeartbeatResponse = await self._heartbeat(request, timeout=CALL_S_MAX, metadata=self._metadata)
        return answer

    async def close(self) -> None:
        await self._channel.close()
