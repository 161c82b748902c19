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

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_STARTED: _ClassVar[NoticeKind]
    NOTICE_KIND_RESUMED: _ClassVar[NoticeKind]
    NOTICE_KIND_MIGRATING: _ClassVar[NoticeKind]
    NOTICE_KIND_MIGRATED: _ClassVar[NoticeKind]
    NOTICE_KIND_ENDED: _ClassVar[NoticeKind]
CODEC_UNSPECIFIED: Codec
CODEC_JPEG: Codec
CODEC_WEBP: Codec
CODEC_RAW_RGB: Codec
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_STARTED: NoticeKind
NOTICE_KIND_RESUMED: NoticeKind
NOTICE_KIND_MIGRATING: NoticeKind
NOTICE_KIND_MIGRATED: NoticeKind
NOTICE_KIND_ENDED: NoticeKind

class PlayRequest(_message.Message):
    __slots__ = ("action", "restore", "format")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    action: Action
    restore: Checkpoint
    format: FrameFormat
    def __init__(self, action: _Optional[_Union[Action, _Mapping]] = ..., restore: _Optional[_Union[Checkpoint, _Mapping]] = ..., format: _Optional[_Union[FrameFormat, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("frame", "notice", "checkpoint", "gateway_sent_us")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_SENT_US_FIELD_NUMBER: _ClassVar[int]
    frame: Frame
    notice: Notice
    checkpoint: Checkpoint
    gateway_sent_us: int
    def __init__(self, frame: _Optional[_Union[Frame, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., checkpoint: _Optional[_Union[Checkpoint, _Mapping]] = ..., gateway_sent_us: _Optional[int] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("number", "keyframe", "codec", "width", "height", "last_action_seq", "epoch", "action_received_us", "step_started_us", "step_ended_us", "encoded_us", "image")
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
    image: bytes
    def __init__(self, number: _Optional[int] = ..., keyframe: bool = ..., codec: _Optional[_Union[Codec, str]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., last_action_seq: _Optional[int] = ..., epoch: _Optional[int] = ..., action_received_us: _Optional[int] = ..., step_started_us: _Optional[int] = ..., step_ended_us: _Optional[int] = ..., encoded_us: _Optional[int] = ..., image: _Optional[bytes] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("kind", "end_reason", "detail", "epoch", "next_frame_number")
    KIND_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    NEXT_FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    kind: NoticeKind
    end_reason: str
    detail: str
    epoch: int
    next_frame_number: int
    def __init__(self, kind: _Optional[_Union[NoticeKind, str]] = ..., end_reason: _Optional[str] = ..., detail: _Optional[str] = ..., epoch: _Optional[int] = ..., next_frame_number: _Optional[int] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("model", "model_version", "epoch", "frame_number", "last_action_seq", "state", "action", "format")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FRAME_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTION_SEQ_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    model: str
    model_version: str
    epoch: int
    frame_number: int
    last_action_seq: int
    state: bytes
    action: Action
    format: FrameFormat
    def __init__(self, model: _Optional[str] = ..., model_version: _Optional[str] = ..., epoch: _Optional[int] = ..., frame_number: _Optional[int] = ..., last_action_seq: _Optional[int] = ..., state: _Optional[bytes] = ..., action: _Optional[_Union[Action, _Mapping]] = ..., format: _Optional[_Union[FrameFormat, _Mapping]] = ...) -> None: ...
