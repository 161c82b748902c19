from meridian_worker._generated.meridian.worker.v1 import worker_pb2 as _worker_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterRequest(_message.Message):
    __slots__ = ("worker_id", "incarnation", "region", "address", "gpu_type", "describe", "gpus", "purchase", "age_ms")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    GPU_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESCRIBE_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_FIELD_NUMBER: _ClassVar[int]
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    incarnation: str
    region: str
    address: str
    gpu_type: str
    describe: _worker_pb2.DescribeResponse
    gpus: int
    purchase: str
    age_ms: int
    def __init__(self, worker_id: _Optional[str] = ..., incarnation: _Optional[str] = ..., region: _Optional[str] = ..., address: _Optional[str] = ..., gpu_type: _Optional[str] = ..., describe: _Optional[_Union[_worker_pb2.DescribeResponse, _Mapping]] = ..., gpus: _Optional[int] = ..., purchase: _Optional[str] = ..., age_ms: _Optional[int] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("heartbeat_interval_ms", "jwks_json")
    HEARTBEAT_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    JWKS_JSON_FIELD_NUMBER: _ClassVar[int]
    heartbeat_interval_ms: int
    jwks_json: str
    def __init__(self, heartbeat_interval_ms: _Optional[int] = ..., jwks_json: _Optional[str] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("worker_id", "incarnation", "seq", "draining", "sessions", "step_ms_p50", "step_ms_p95", "slots", "step_ms_p99", "encode_ms_p50", "encode_ms_p95", "late_share")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    STEP_MS_P50_FIELD_NUMBER: _ClassVar[int]
    STEP_MS_P95_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    STEP_MS_P99_FIELD_NUMBER: _ClassVar[int]
    ENCODE_MS_P50_FIELD_NUMBER: _ClassVar[int]
    ENCODE_MS_P95_FIELD_NUMBER: _ClassVar[int]
    LATE_SHARE_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    incarnation: str
    seq: int
    draining: bool
    sessions: _containers.RepeatedCompositeFieldContainer[_worker_pb2.SessionReport]
    step_ms_p50: float
    step_ms_p95: float
    slots: int
    step_ms_p99: float
    encode_ms_p50: float
    encode_ms_p95: float
    late_share: float
    def __init__(self, worker_id: _Optional[str] = ..., incarnation: _Optional[str] = ..., seq: _Optional[int] = ..., draining: bool = ..., sessions: _Optional[_Iterable[_Union[_worker_pb2.SessionReport, _Mapping]]] = ..., step_ms_p50: _Optional[float] = ..., step_ms_p95: _Optional[float] = ..., slots: _Optional[int] = ..., step_ms_p99: _Optional[float] = ..., encode_ms_p50: _Optional[float] = ..., encode_ms_p95: _Optional[float] = ..., late_share: _Optional[float] = ...) -> None: ...

class HeartbeatResponse(_message.Message):
    __slots__ = ("acknowledged_session_ids", "stop", "drain", "credits")
    ACKNOWLEDGED_SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CREDITS_FIELD_NUMBER: _ClassVar[int]
    acknowledged_session_ids: _containers.RepeatedScalarFieldContainer[str]
    stop: _containers.RepeatedCompositeFieldContainer[StopSession]
    drain: bool
    credits: _containers.RepeatedCompositeFieldContainer[Credit]
    def __init__(self, acknowledged_session_ids: _Optional[_Iterable[str]] = ..., stop: _Optional[_Iterable[_Union[StopSession, _Mapping]]] = ..., drain: bool = ..., credits: _Optional[_Iterable[_Union[Credit, _Mapping]]] = ...) -> None: ...

class StopSession(_message.Message):
    __slots__ = ("session_id", "epoch", "end_reason")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    end_reason: str
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., end_reason: _Optional[str] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("session_id", "epoch", "credit_ms")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CREDIT_MS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    epoch: int
    credit_ms: int
    def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., credit_ms: _Optional[int] = ...) -> None: ...

class ReplaceRequest(_message.Message):
    __slots__ = ("session_id", "lost_epoch", "lost_worker_id", "planned")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    LOST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    LOST_WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    PLANNED_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    lost_epoch: int
    lost_worker_id: str
    planned: bool
    def __init__(self, session_id: _Optional[str] = ..., lost_epoch: _Optional[int] = ..., lost_worker_id: _Optional[str] = ..., planned: bool = ...) -> None: ...

class ReplaceResponse(_message.Message):
    __slots__ = ("session_token", "epoch")
    SESSION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    session_token: str
    epoch: int
    def __init__(self, session_token: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...
