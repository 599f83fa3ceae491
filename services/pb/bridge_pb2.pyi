from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommittedRequest(_message.Message):
    __slots__ = ("scenario", "fields")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, scenario: _Optional[str] = ..., fields: _Optional[_Iterable[str]] = ...) -> None: ...

class CommittedReply(_message.Message):
    __slots__ = ("committed_offsets",)
    COMMITTED_OFFSETS_FIELD_NUMBER: _ClassVar[int]
    committed_offsets: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, committed_offsets: _Optional[_Iterable[int]] = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("topic", "topic_id", "partition")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    topic: str
    topic_id: str
    partition: int
    def __init__(self, topic: _Optional[str] = ..., topic_id: _Optional[str] = ..., partition: _Optional[int] = ...) -> None: ...

class StandsRequest(_message.Message):
    __slots__ = ("scenario", "parts")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    parts: _containers.RepeatedCompositeFieldContainer[Part]
    def __init__(self, scenario: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[Part, _Mapping]]] = ...) -> None: ...

class StandsReply(_message.Message):
    __slots__ = ("stands",)
    STANDS_FIELD_NUMBER: _ClassVar[int]
    stands: _containers.RepeatedCompositeFieldContainer[Stand]
    def __init__(self, stands: _Optional[_Iterable[_Union[Stand, _Mapping]]] = ...) -> None: ...

class Stand(_message.Message):
    __slots__ = ("part", "life", "base", "committed", "mark")
    PART_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    part: Part
    life: int
    base: int
    committed: int
    mark: str
    def __init__(self, part: _Optional[_Union[Part, _Mapping]] = ..., life: _Optional[int] = ..., base: _Optional[int] = ..., committed: _Optional[int] = ..., mark: _Optional[str] = ...) -> None: ...

class OpenRequest(_message.Message):
    __slots__ = ("scenario", "before", "base")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    before: Stand
    base: int
    def __init__(self, scenario: _Optional[str] = ..., before: _Optional[_Union[Stand, _Mapping]] = ..., base: _Optional[int] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: bytes
    def __init__(self, name: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("offset", "timestamp", "key", "value", "headers", "unreadable")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_FIELD_NUMBER: _ClassVar[int]
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    unreadable: Unreadable
    def __init__(self, offset: _Optional[int] = ..., timestamp: _Optional[int] = ..., key: _Optional[bytes] = ..., value: _Optional[bytes] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., unreadable: _Optional[_Union[Unreadable, _Mapping]] = ...) -> None: ...

class Unreadable(_message.Message):
    __slots__ = ("first", "reason")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    first: int
    reason: str
    def __init__(self, first: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("scenario", "topic", "topic_id", "partition", "expected", "last", "records", "gaps", "end", "epoch")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    topic: str
    topic_id: str
    partition: int
    expected: int
    last: int
    records: _containers.RepeatedCompositeFieldContainer[Record]
    gaps: int
    end: int
    epoch: int
    def __init__(self, scenario: _Optional[str] = ..., topic: _Optional[str] = ..., topic_id: _Optional[str] = ..., partition: _Optional[int] = ..., expected: _Optional[int] = ..., last: _Optional[int] = ..., records: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., gaps: _Optional[int] = ..., end: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("counted", "committed", "failed")
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    counted: bool
    committed: int
    failed: int
    def __init__(self, counted: _Optional[bool] = ..., committed: _Optional[int] = ..., failed: _Optional[int] = ...) -> None: ...

class Acknowledged(_message.Message):
    __slots__ = ("scenario", "counts")
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    counts: _containers.ScalarMap[str, int]
    def __init__(self, scenario: _Optional[str] = ..., counts: _Optional[_Mapping[str, int]] = ...) -> None: ...

class AcknowledgedReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
