from meridian_worker._generated.meridian.public.v1 import session_stream_pb2 as _session_stream_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionActivity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_ACTIVITY_UNSPECIFIED: _ClassVar[SessionActivity]
    SESSION_ACTIVITY_CONNECTING: _ClassVar[SessionActivity]
    SESSION_ACTIVITY_ACTIVE: _ClassVar[SessionActivity]
    SESSION_ACTIVITY_HELD: _ClassVar[SessionActivity]
    SESSION_ACTIVITY_ENDED: _ClassVar[SessionActivity]
SESSION_ACTIVITY_UNSPECIFIED: SessionActivity
SESSION_ACTIVITY_CONNECTING: SessionActivity
SESSION_ACTIVITY_ACTIVE: SessionActivity
SESSION_ACTIVITY_HELD: SessionActivity
SESSION_ACTIVITY_ENDED: SessionActivity

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("worker_id", "model", "model_version", "frame_width", "frame_height", "frames_per_second", "actions", "state_bytes", "slots", "deadline_ms", "codecs", "session_bytes_max", "rebuild_ms")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    FRAME_WIDTH_FIELD_NUMBER: _ClassVar[int]
    FRAME_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    STATE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    CODECS_FIELD_NUMBER: _ClassVar[int]
    SESSION_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    REBUILD_MS_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    model: str
    model_version: str
    frame_width: int
    frame_height: int
    frames_per_second: int
    actions: _containers.RepeatedScalarFieldContainer[str]
    state_bytes: int
    slots: int
    deadline_ms: int
    codecs: _containers.RepeatedScalarFieldContainer[_session_stream_pb2.Codec]
    session_bytes_max: int
    rebuild_ms: int
    def __init__(self, worker_id: _Optional[str] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., frame_width: _Optional[int] = ..., frame_height: _Optional[int] = ..., frames_per_second: _Optional[int] = ..., actions: _Optional[_Iterable[str]] = ..., state_bytes: _Optional[int] = ..., slots: _Optional[int] = ..., deadline_ms: _Optional[int] = ..., codecs: _Optional[_Iterable[_Union[_session_stream_pb2.Codec, str]]] = ..., session_bytes_max: _Optional[int] = ..., rebuild_ms: _Optional[int] = ...) -> None: ...

class EndRequest(_message.Message):
    __slots__ = ("session_id", "epoch", "end_reason")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    end_reason: str
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., end_reason: _Optional[str] = ...) -> None: ...

class EndResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: SessionReport
    def __init__(self, report: _Optional[_Union[SessionReport, _Mapping]] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    def __init__(self, sessions: _Optional[int] = ...) -> None: ...

class CheckpointRequest(_message.Message):
    __slots__ = ("session_id", "epoch")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class CheckpointResponse(_message.Message):
    __slots__ = ("checkpoint",)
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: _session_stream_pb2.Checkpoint
    def __init__(self, checkpoint: _Optional[_Union[_session_stream_pb2.Checkpoint, _Mapping]] = ...) -> None: ...

class RestoreRequest(_message.Message):
    __slots__ = ("session_id", "epoch", "checkpoint")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    checkpoint: _session_stream_pb2.Checkpoint
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., checkpoint: _Optional[_Union[_session_stream_pb2.Checkpoint, _Mapping]] = ...) -> None: ...

class RestoreResponse(_message.Message):
    __slots__ = ("next_frame_number",)
    NEXT_FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    next_frame_number: int
    def __init__(self, next_frame_number: _Optional[int] = ...) -> None: ...

class ForkRequest(_message.Message):
    __slots__ = ("session_id", "epoch", "fork_session_id", "claim_ms")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FORK_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_MS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    fork_session_id: str
    claim_ms: int
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., fork_session_id: _Optional[str] = ..., claim_ms: _Optional[int] = ...) -> None: ...

class ForkResponse(_message.Message):
    __slots__ = ("frame_number",)
    FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    frame_number: int
    def __init__(self, frame_number: _Optional[int] = ...) -> None: ...

class HealthRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealthResponse(_message.Message):
    __slots__ = ("step_ms", "encode_ms", "frames", "late_frames", "late_share", "sessions", "slots", "draining", "quarantined", "memory_bytes", "uptime_s")
    STEP_MS_FIELD_NUMBER: _ClassVar[int]
    ENCODE_MS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    LATE_FRAMES_FIELD_NUMBER: _ClassVar[int]
    LATE_SHARE_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    UPTIME_S_FIELD_NUMBER: _ClassVar[int]
    step_ms: Percentiles
    encode_ms: Percentiles
    frames: int
    late_frames: int
    late_share: float
    sessions: int
    slots: int
    draining: bool
    quarantined: bool
    memory_bytes: int
    uptime_s: float
    def __init__(self, step_ms: _Optional[_Union[Percentiles, _Mapping]] = ..., encode_ms: _Optional[_Union[Percentiles, _Mapping]] = ..., frames: _Optional[int] = ..., late_frames: _Optional[int] = ..., late_share: _Optional[float] = ..., sessions: _Optional[int] = ..., slots: _Optional[int] = ..., draining: bool = ..., quarantined: bool = ..., memory_bytes: _Optional[int] = ..., uptime_s: _Optional[float] = ...) -> None: ...

class Percentiles(_message.Message):
    __slots__ = ("p50", "p95", "p99")
    P50_FIELD_NUMBER: _ClassVar[int]
    P95_FIELD_NUMBER: _ClassVar[int]
    P99_FIELD_NUMBER: _ClassVar[int]
    p50: float
    p95: float
    p99: float
    def __init__(self, p50: _Optional[float] = ..., p95: _Optional[float] = ..., p99: _Optional[float] = ...) -> None: ...

class SessionReport(_message.Message):
    __slots__ = ("session_id", "epoch", "seq", "activity", "active_ms", "frames", "late_frames", "end_reason", "started_us", "trace_id", "width", "credit_ms")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_MS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    LATE_FRAMES_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    STARTED_US_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    CREDIT_MS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    seq: int
    activity: SessionActivity
    active_ms: int
    frames: int
    late_frames: int
    end_reason: str
    started_us: int
    trace_id: str
    width: int
    credit_ms: int
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., seq: _Optional[int] = ..., activity: _Optional[_Union[SessionActivity, str]] = ..., active_ms: _Optional[int] = ..., frames: _Optional[int] = ..., late_frames: _Optional[int] = ..., end_reason: _Optional[str] = ..., started_us: _Optional[int] = ..., trace_id: _Optional[str] = ..., width: _Optional[int] = ..., credit_ms: _Optional[int] = ...) -> None: ...
