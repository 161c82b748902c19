import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from meridian_worker.refusal import RefusalError

CLIENT_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
FRAME_NUMBER_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class ServeMetadata:
    token: str | None
    client_key: str
    trace_id: str
    next_frame_number: int
    # The first message is a checkpoint to go on from.
    restore: bool


def metadata_of(context: grpc.aio.ServicerContext) -> dict[str, str]:
    pairs = context.invocation_metadata() or ()
    return {key: value for key, value in pairs if isinstance(value, str)}


def read_serve_metadata(metadata: Mapping[str, str]) -> ServeMetadata:
    """What a gateway says when it opens a stream (worker.proto). Raises INVALID_ARGUMENT naming the field."""
    client_key = metadata.get("meridian-client-key", "")
    if not CLIENT_KEY.fullmatch(client_key):
        raise _invalid("meridian-client-key", "has 16 to 64 characters of A-Z, a-z, 0-9, _ and -")
    return ServeMetadata(
        token=bearer_of(metadata),
        client_key=client_key,
        trace_id=_trace_id_of(metadata.get("traceparent", "")),
        next_frame_number=_next_frame_of(metadata.get("meridian-next-frame", "1")),
        restore=metadata.get("meridian-restore") == "1",
    )


def bearer_of(metadata: Mapping[str, str]) -> str | None:
    """The credentials of `authorization: Bearer CREDENTIALS`."""
    match = re.fullmatch(r"Bearer (\S+)", metadata.get("authorization", ""), re.IGNORECASE)
    return match[1] if match else None


def _trace_id_of(traceparent: str) -> str:
    """The caller's trace (W3C Trace Context), or a new one when there is none that is valid."""
    match = TRACEPARENT.fullmatch(traceparent)
    if match:
        version, trace_id, parent_id, _flags, rest = match.groups()
        known = version != "ff" and not (version == "00" and rest)
        if known and trace_id.strip("0") and parent_id.strip("0"):
            return trace_id
    return secrets.token_hex(16)


def _next_frame_of(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > FRAME_NUMBER_MAX:
        raise _invalid("meridian-next-frame", "is a frame number")
    return int(text)


def _invalid(field: str, rule: str) -> RefusalError:
    return RefusalError("INVALID_ARGUMENT", "malformed_metadata", f"{field}: It {rule}.")
