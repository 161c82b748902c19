"""GET /healthz (200 while the process runs), /readyz (200, or 503 with the reason) and /metrics."""

import asyncio
import json
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

REQUEST_BYTES_MAX = 8_192
REQUEST_S_MAX = 5.0
JSON = "application/json; charset=utf-8"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}

Answer = tuple[int, str, bytes]


class HealthServer:
    def __init__(self, ready: Callable[[], str | None], metrics: Callable[[], bytes]) -> None:
        """`ready` says why the process cannot do its work now, as a sentence; None when it can."""
        self._ready = ready
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        self._server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_BYTES_MAX)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
                method, path = head.split(b" ", 2)[:2]
                status, kind, body = self._answer(method.decode(), path.decode().partition("?")[0])
                writer.write(_head(status, kind, len(body)) + (b"" if method == b"HEAD" else body))
                await writer.drain()
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            # Nobody there any more, or no HTTP: there is nothing to say to either.
            return
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return 404, JSON, b"{}"
        match path:
            case "/healthz":
                return 200, JSON, b'{"status":"ok"}'
            case "/readyz":
                reason = self._ready()
                if reason is None:
                    return 200, JSON, b'{"status":"ready"}'
                return 503, JSON, json.dumps({"status": "not ready", "reason": reason}).encode()
            case "/metrics":
                return 200, CONTENT_TYPE_PLAIN_0_0_4, self._metrics()
            case _:
                return 404, JSON, b"{}"


def _head(status: int, kind: str, size: int) -> bytes:
    lines = (
        f"HTTP/1.1 {status} {REASONS[status]}",
        f"content-type: {kind}",
        f"content-length: {size}",
        "cache-control: no-store",
        "connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
