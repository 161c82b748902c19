from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Codec(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODEC_UNSPECIFIED: _ClassVar[Codec]
    CODEC_JPEG: _ClassVar[Codec]
    CODEC_WEBP: _ClassVar[Codec]
    CODEC_RAW_RGB: _ClassVar[Codec]

class DeviceRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_ROLE_UNSPECIFIED: _ClassVar[DeviceRole]
    DEVICE_ROLE_OWNER: _ClassVar[DeviceRole]
    DEVICE_ROLE_CONTROLLER: _ClassVar[DeviceRole]
    DEVICE_ROLE_SPECTATOR: _ClassVar[DeviceRole]

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_STARTED: _ClassVar[NoticeKind]
    NOTICE_KIND_RESUMED: _ClassVar[NoticeKind]
    NOTICE_KIND_MIGRATING: _ClassVar[NoticeKind]
    NOTICE_KIND_MIGRATED: _ClassVar[NoticeKind]
    NOTICE_KIND_ENDED: _ClassVar[NoticeKind]
    NOTICE_KIND_ENDING_SOON: _ClassVar[NoticeKind]
    NOTICE_KIND_DEVICE_JOINED: _ClassVar[NoticeKind]
    NOTICE_KIND_DEVICE_LEFT: _ClassVar[NoticeKind]
    NOTICE_KIND_WAITING: _ClassVar[NoticeKind]
CODEC_UNSPECIFIED: Codec
CODEC_JPEG: Codec
CODEC_WEBP: Codec
CODEC_RAW_RGB: Codec
DEVICE_ROLE_UNSPECIFIED: DeviceRole
DEVICE_ROLE_OWNER: DeviceRole
DEVICE_ROLE_CONTROLLER: DeviceRole
DEVICE_ROLE_SPECTATOR: DeviceRole
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_STARTED: NoticeKind
NOTICE_KIND_RESUMED: NoticeKind
NOTICE_KIND_MIGRATING: NoticeKind
NOTICE_KIND_MIGRATED: NoticeKind
NOTICE_KIND_ENDED: NoticeKind
NOTICE_KIND_ENDING_SOON: NoticeKind
NOTICE_KIND_DEVICE_JOINED: NoticeKind
NOTICE_KIND_DEVICE_LEFT: NoticeKind
NOTICE_KIND_WAITING: NoticeKind

class PlayRequest(_message.Message):
    __slots__ = ("action", "restore", "format", "feedback", "hand_over", "remove_device", "device", "gateway_received_us")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    HAND_OVER_FIELD_NUMBER: _ClassVar[int]
    REMOVE_DEVICE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_RECEIVED_US_FIELD_NUMBER: _ClassVar[int]
    action: Action
    restore: Checkpoint
    format: FrameFormat
    feedback: StreamFeedback
    hand_over: HandOver
    remove_device: RemoveDevice
    device: int
    gateway_received_us: int
    def __init__(self, action: _Optional[_Union[Action, _Mapping]] = ..., restore: _Optional[_Union[Checkpoint, _Mapping]] = ..., format: _Optional[_Union[FrameFormat, _Mapping]] = ..., feedback: _Optional[_Union[StreamFeedback, _Mapping]] = ..., hand_over: _Optional[_Union[HandOver, _Mapping]] = ..., remove_device: _Optional[_Union[RemoveDevice, _Mapping]] = ..., device: _Optional[int] = ..., gateway_received_us: _Optional[int] = ...) -> None: ...

class StreamFeedback(_message.Message):
    __slots__ = ("frames_sent", "frames_dropped", "wait_ms")
    FRAMES_SENT_FIELD_NUMBER: _ClassVar[int]
    FRAMES_DROPPED_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    frames_sent: int
    frames_dropped: int
    wait_ms: int
    def __init__(self, frames_sent: _Optional[int] = ..., frames_dropped: _Optional[int] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class HandOver(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RemoveDevice(_message.Message):
    __slots__ = ("device",)
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    device: int
    def __init__(self, device: _Optional[int] = ...) -> None: ...

class FrameFormat(_message.Message):
    __slots__ = ("codec", "width", "height", "quality")
    CODEC_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    codec: Codec
    width: int
    height: int
    quality: int
    def __init__(self, codec: _Optional[_Union[Codec, str]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., quality: _Optional[int] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("seq", "client_time_us", "buttons", "axes", "text")
    class AxesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TIME_US_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_FIELD_NUMBER: _ClassVar[int]
    AXES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    seq: int
    client_time_us: int
    buttons: _containers.RepeatedScalarFieldContainer[str]
    axes: _containers.ScalarMap[str, float]
    text: str
    def __init__(self, seq: _Optional[int] = ..., client_time_us: _Optional[int] = ..., buttons: _Optional[_Iterable[str]] = ..., axes: _Optional[_Mapping[str, float]] = ..., text: _Optional[str] = ...) -> None: ...

class PlayResponse(_message.Message):
    __slots__ = ("frame", "notice", "checkpoint", "draining", "gateway_sent_us")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_SENT_US_FIELD_NUMBER: _ClassVar[int]
    frame: Frame
    notice: Notice
    checkpoint: Checkpoint
    draining: Draining
    gateway_sent_us: int
    def __init__(self, frame: _Optional[_Union[Frame, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., checkpoint: _Optional[_Union[Checkpoint, _Mapping]] = ..., draining: _Optional[_Union[Draining, _Mapping]] = ..., gateway_sent_us: _Optional[int] = ...) -> None: ...

class Draining(_message.Message):
    __slots__ = ("within_ms",)
    WITHIN_MS_FIELD_NUMBER: _ClassVar[int]
    within_ms: int
    def __init__(self, within_ms: _Optional[int] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("number", "keyframe", "codec", "width", "height", "last_action_seq", "epoch", "action_received_us", "step_started_us", "step_ended_us", "encoded_us", "last_action_device", "action_gateway_us", "image")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KEYFRAME_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTION_SEQ_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ACTION_RECEIVED_US_FIELD_NUMBER: _ClassVar[int]
    STEP_STARTED_US_FIELD_NUMBER: _ClassVar[int]
    STEP_ENDED_US_FIELD_NUMBER: _ClassVar[int]
    ENCODED_US_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTION_DEVICE_FIELD_NUMBER: _ClassVar[int]
    ACTION_GATEWAY_US_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    number: int
    keyframe: bool
    codec: Codec
    width: int
    height: int
    last_action_seq: int
    epoch: int
    action_received_us: int
    step_started_us: int
    step_ended_us: int
    encoded_us: int
    last_action_device: int
    action_gateway_us: int
    image: bytes
    def __init__(self, number: _Optional[int] = ..., keyframe: bool = ..., codec: _Optional[_Union[Codec, str]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., last_action_seq: _Optional[int] = ..., epoch: _Optional[int] = ..., action_received_us: _Optional[int] = ..., step_started_us: _Optional[int] = ..., step_ended_us: _Optional[int] = ..., encoded_us: _Optional[int] = ..., last_action_device: _Optional[int] = ..., action_gateway_us: _Optional[int] = ..., image: _Optional[bytes] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("kind", "end_reason", "detail", "epoch", "next_frame_number", "device", "role", "ends_in_ms", "session_token")
    KIND_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    NEXT_FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    ENDS_IN_MS_FIELD_NUMBER: _ClassVar[int]
    SESSION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: NoticeKind
    end_reason: str
    detail: str
    epoch: int
    next_frame_number: int
    device: int
    role: DeviceRole
    ends_in_ms: int
    session_token: str
    def __init__(self, kind: _Optional[_Union[NoticeKind, str]] = ..., end_reason: _Optional[str] = ..., detail: _Optional[str] = ..., epoch: _Optional[int] = ..., next_frame_number: _Optional[int] = ..., device: _Optional[int] = ..., role: _Optional[_Union[DeviceRole, str]] = ..., ends_in_ms: _Optional[int] = ..., session_token: _Optional[str] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("model", "model_version", "epoch", "frame_number", "last_action_seq", "state", "action", "format", "device_seqs", "action_device")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTION_SEQ_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SEQS_FIELD_NUMBER: _ClassVar[int]
    ACTION_DEVICE_FIELD_NUMBER: _ClassVar[int]
    model: str
    model_version: str
    epoch: int
    frame_number: int
    last_action_seq: int
    state: bytes
    action: Action
    format: FrameFormat
    device_seqs: _containers.RepeatedCompositeFieldContainer[DeviceSeq]
    action_device: int
    def __init__(self, model: _Optional[str] = ..., model_version: _Optional[str] = ..., epoch: _Optional[int] = ..., frame_number: _Optional[int] = ..., last_action_seq: _Optional[int] = ..., state: _Optional[bytes] = ..., action: _Optional[_Union[Action, _Mapping]] = ..., format: _Optional[_Union[FrameFormat, _Mapping]] = ..., device_seqs: _Optional[_Iterable[_Union[DeviceSeq, _Mapping]]] = ..., action_device: _Optional[int] = ...) -> None: ...

class DeviceSeq(_message.Message):
    __slots__ = ("device", "seq")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    device: int
    seq: int
    def __init__(self, device: _Optional[int] = ..., seq: _Optional[int] = ...) -> None: ...
